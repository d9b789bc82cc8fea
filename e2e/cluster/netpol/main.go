// SPDX-License-Identifier: Apache-2.0

// Command netpol enforces the NetworkPolicies of a one-node IPv4 test cluster
// with one nftables table in the network namespace that it runs in. It expects
// every packet of a pod to be routed by the node (no bridge between pods).
//
// What it does, by the API's text: a pod is isolated for a direction once a
// policy of that direction selects it; then a packet passes only when one rule
// of any such policy admits it. Replies always pass. The node reaches its pods
// (probes), a pod reaches itself. Host-network pods are neither isolated nor
// matched by a pod selector. Packets are judged after Service translation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	net "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const table = "inet radarx_netpol"

// state is one consistent look at the cluster; Render is a pure function of it.
type state struct {
	pods       []*core.Pod
	namespaces map[string]labels.Set
	policies   []*net.NetworkPolicy
}

// peer is one side of a rule: some pods, or an address block with holes.
type peer struct {
	pods   []*core.Pod
	block  string
	except []string
}

// active says whether the pod owns its address: a finished pod's address may
// already belong to another, and a host-network pod's belongs to the node.
func active(p *core.Pod) bool {
	if p.Spec.HostNetwork || p.Status.Phase == core.PodSucceeded || p.Status.Phase == core.PodFailed {
		return false
	}
	addr, err := netip.ParseAddr(p.Status.PodIP)
	return err == nil && addr.Is4()
}

func selects(s *meta.LabelSelector, set labels.Set) bool {
	selector, err := meta.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(set)
}

// covers says whether the policy speaks about the direction. The API server
// fills policyTypes in; the absent case follows the API's default.
func covers(p *net.NetworkPolicy, direction net.PolicyType) bool {
	if len(p.Spec.PolicyTypes) > 0 {
		return slices.Contains(p.Spec.PolicyTypes, direction)
	}
	return direction == net.PolicyTypeIngress || len(p.Spec.Egress) > 0
}

func (s *state) peerPods(namespace string, from net.NetworkPolicyPeer) []*core.Pod {
	var found []*core.Pod
	for _, pod := range s.pods {
		if from.NamespaceSelector == nil && pod.Namespace != namespace {
			continue
		}
		if from.NamespaceSelector != nil && !selects(from.NamespaceSelector, s.namespaces[pod.Namespace]) {
			continue
		}
		if from.PodSelector == nil || selects(from.PodSelector, pod.Labels) {
			found = append(found, pod)
		}
	}
	return found
}

// peers translates a rule's list. An empty list in the API means "any", which
// is one peer without pods and block; ok is false when nothing can match.
func (s *state) peers(namespace string, list []net.NetworkPolicyPeer) (out []peer) {
	if len(list) == 0 {
		return []peer{{block: "0.0.0.0/0"}}
	}
	for _, from := range list {
		if from.IPBlock == nil {
			if pods := s.peerPods(namespace, from); len(pods) > 0 {
				out = append(out, peer{pods: pods})
			}
			continue
		}
		if p, ok := blockPeer(from.IPBlock); ok {
			out = append(out, p)
		}
	}
	return out
}

// blockPeer refuses IPv6: the cluster has no such packets.
func blockPeer(block *net.IPBlock) (peer, bool) {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return peer{}, false
	}
	p := peer{block: prefix.Masked().String()}
	for _, text := range block.Except {
		hole, err := netip.ParsePrefix(text)
		if err != nil || !hole.Addr().Is4() {
			return peer{}, false
		}
		p.except = append(p.except, hole.Masked().String())
	}
	return p, true
}

func addresses(pods []*core.Pod) string {
	var list []string
	for _, pod := range pods {
		list = append(list, pod.Status.PodIP)
	}
	slices.Sort(list)
	return "{ " + strings.Join(slices.Compact(list), ", ") + " }"
}

// match renders the peer's side of a rule; field is "ip saddr" or "ip daddr".
func (p peer) match(field string) string {
	if p.pods != nil {
		return field + " " + addresses(p.pods) + " "
	}
	if p.block == "0.0.0.0/0" && len(p.except) == 0 {
		return ""
	}
	out := field + " " + p.block + " "
	for _, hole := range p.except {
		out += field + " != " + hole + " "
	}
	return out
}

func protocol(p net.NetworkPolicyPort) string {
	if p.Protocol == nil {
		return "tcp"
	}
	return strings.ToLower(string(*p.Protocol))
}

// named finds the number that the pod gives to a port's name, 0 if none.
func named(pod *core.Pod, proto, name string) int32 {
	for _, c := range pod.Spec.Containers {
		for _, port := range c.Ports {
			declared := strings.ToLower(string(port.Protocol))
			if declared == "" {
				declared = "tcp"
			}
			if port.Name == name && declared == proto {
				return port.ContainerPort
			}
		}
	}
	return 0
}

// rules renders one API rule for one pod. Ports belong to the destination: the
// pod itself for ingress, each peer for egress, which matters for names only.
func rules(self *core.Pod, direction net.PolicyType, peers []peer, ports []net.NetworkPolicyPort) []string {
	field := "ip saddr"
	if direction == net.PolicyTypeEgress {
		field = "ip daddr"
	}
	var out []string
	for _, p := range peers {
		if len(ports) == 0 {
			out = append(out, p.match(field)+"return")
		}
		for _, port := range ports {
			out = append(out, portRules(self, direction, field, p, port)...)
		}
	}
	return out
}

func portRules(self *core.Pod, direction net.PolicyType, field string, p peer, port net.NetworkPolicyPort) []string {
	proto := protocol(port)
	switch {
	case port.Port == nil:
		return []string{p.match(field) + "meta l4proto " + proto + " return"}
	case port.Port.Type == intstr.Int:
		last := port.Port.IntVal
		if port.EndPort != nil {
			last = *port.EndPort
		}
		return []string{fmt.Sprintf("%s%s dport %d-%d return", p.match(field), proto, port.Port.IntVal, last)}
	case direction == net.PolicyTypeIngress:
		if number := named(self, proto, port.Port.StrVal); number != 0 {
			return []string{fmt.Sprintf("%s%s dport %d return", p.match(field), proto, number)}
		}
		return nil
	}
	var out []string
	for _, pod := range p.pods {
		if number := named(pod, proto, port.Port.StrVal); number != 0 {
			out = append(out, fmt.Sprintf("ip daddr %s %s dport %d return", pod.Status.PodIP, proto, number))
		}
	}
	return out
}

// chain renders what one pod admits in one direction; isolated is false when
// no policy of that direction selects the pod.
func (s *state) chain(pod *core.Pod, direction net.PolicyType) (out []string, isolated bool) {
	for _, policy := range s.policies {
		if policy.Namespace != pod.Namespace || !covers(policy, direction) ||
			!selects(&policy.Spec.PodSelector, pod.Labels) {
			continue
		}
		isolated = true
		if direction == net.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				out = append(out, rules(pod, direction, s.peers(policy.Namespace, rule.From), rule.Ports)...)
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			out = append(out, rules(pod, direction, s.peers(policy.Namespace, rule.To), rule.Ports)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), isolated
}

// Render gives the whole table as nft reads it; applying it is one transaction.
func (s *state) Render() string {
	s.pods = slices.DeleteFunc(slices.Clone(s.pods), func(p *core.Pod) bool { return !active(p) })
	slices.SortFunc(s.pods, func(a, b *core.Pod) int { return strings.Compare(a.Status.PodIP, b.Status.PodIP) })
	var chains, self, in, eg strings.Builder
	for _, pod := range s.pods {
		ip := pod.Status.PodIP
		either := false
		for _, direction := range []net.PolicyType{net.PolicyTypeIngress, net.PolicyTypeEgress} {
			list, isolated := s.chain(pod, direction)
			if !isolated {
				continue
			}
			either = true
			name := strings.ToLower(string(direction)) + "_" + strings.ReplaceAll(ip, ".", "_")
			field, jumps := "ip daddr", &in
			if direction == net.PolicyTypeEgress {
				field, jumps = "ip saddr", &eg
			}
			fmt.Fprintf(jumps, "\t\t%s %s jump %s\n", field, ip, name)
			fmt.Fprintf(&chains, "\tchain %s {\n\t\tcomment \"%s/%s\"\n", name, pod.Namespace, pod.Name)
			for _, line := range list {
				fmt.Fprintf(&chains, "\t\t%s\n", line)
			}
			chains.WriteString("\t\tcounter drop\n\t}\n")
		}
		if either {
			fmt.Fprintf(&self, "\t\tip saddr %s ip daddr %s accept\n", ip, ip)
		}
	}
	replies := "\t\tct state established,related accept\n"
	return "table " + table + "\ndelete table " + table + "\ntable " + table + " {\n" + chains.String() +
		"\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n" +
		replies + self.String() + eg.String() + in.String() + "\t}\n" +
		// Packets from a pod to the node itself; those from the node are never judged.
		"\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n" +
		replies + eg.String() + "\t}\n}\n"
}

func apply(ctx context.Context, nft, text string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, nft, "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	return nil
}

// trim keeps of a pod only what rendering reads.
func trim(object any) (any, error) {
	if accessor, ok := object.(meta.ObjectMetaAccessor); ok {
		m := accessor.GetObjectMeta()
		m.SetManagedFields(nil)
		m.SetAnnotations(nil)
	}
	return object, nil
}

func run(ctx context.Context, kubeconfig, nft string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(trim))
	pods, spaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	touch := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { touch() },
		UpdateFunc: func(any, any) { touch() }, DeleteFunc: func(any) { touch() }}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), spaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("cannot list %v", kind)
		}
	}
	last := ""
	for {
		now := state{namespaces: map[string]labels.Set{}}
		list, err1 := spaces.Lister().List(labels.Everything())
		for _, namespace := range list {
			now.namespaces[namespace.Name] = namespace.Labels
		}
		var err2, err3 error
		now.pods, err2 = pods.Lister().List(labels.Everything())
		now.policies, err3 = policies.Lister().List(labels.Everything())
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if text := now.Render(); text != last {
			if err := apply(ctx, nft, text); err != nil {
				return err
			}
			last = text
			fmt.Printf("%s applied %d bytes\n", time.Now().UTC().Format(time.RFC3339Nano), len(text))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file with the cluster's address and credentials")
	nft := flag.String("nft", "nft", "the nft command")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *kubeconfig, *nft); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "netpol:", err)
		os.Exit(1)
	}
}
