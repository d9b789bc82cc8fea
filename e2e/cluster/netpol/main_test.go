// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	net "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func pod(namespace, name, ip string, ports ...core.ContainerPort) *core.Pod {
	return &core.Pod{
		ObjectMeta: meta.ObjectMeta{Namespace: namespace, Name: name, Labels: labels.Set{"app": name}},
		Spec:       core.PodSpec{Containers: []core.Container{{Name: "c", Ports: ports}}},
		Status:     core.PodStatus{Phase: core.PodRunning, PodIP: ip},
	}
}

func app(name string) *meta.LabelSelector {
	return &meta.LabelSelector{MatchLabels: labels.Set{"app": name}}
}

func policy(target string, types ...net.PolicyType) *net.NetworkPolicy {
	return &net.NetworkPolicy{
		ObjectMeta: meta.ObjectMeta{Namespace: "a", Name: "p"},
		Spec:       net.NetworkPolicySpec{PodSelector: *app(target), PolicyTypes: types},
	}
}

func world(policies ...*net.NetworkPolicy) *state {
	http := core.ContainerPort{Name: "http", ContainerPort: 8080, Protocol: core.ProtocolTCP}
	hosted := pod("a", "hosted", "10.88.0.1")
	hosted.Spec.HostNetwork = true
	done := pod("a", "client", "10.244.0.3")
	done.Status.Phase = core.PodSucceeded
	return &state{
		pods: []*core.Pod{pod("a", "web", "10.244.0.2", http), done, pod("a", "client", "10.244.0.4"),
			pod("b", "client", "10.244.0.5"), hosted, pod("a", "starting", "")},
		namespaces: map[string]labels.Set{"a": {"team": "risk"}, "b": {"team": "other"}},
		policies:   policies,
	}
}

// lines gives the rules of one chain of a rendered table.
func lines(t *testing.T, text, name string) []string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\tchain "+name+" {\n")
	if !found {
		t.Fatalf("no chain %s in\n%s", name, text)
	}
	body, _, _ := strings.Cut(rest, "\t}\n")
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "comment") {
			out = append(out, line)
		}
	}
	return out
}

func expect(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestNoPolicyIsolatesNobody(t *testing.T) {
	if text := world().Render(); strings.Contains(text, "drop") || strings.Contains(text, "jump") {
		t.Errorf("unexpected rules:\n%s", text)
	}
}

func TestEmptyPolicyDropsOneDirectionOnly(t *testing.T) {
	text := world(policy("web", net.PolicyTypeIngress)).Render()
	expect(t, lines(t, text, "ingress_10_244_0_2"), []string{"counter drop"})
	if strings.Contains(text, "egress_") || strings.Contains(text, "10_244_0_4") {
		t.Errorf("isolates too much:\n%s", text)
	}
	if !strings.Contains(text, "ip saddr 10.244.0.2 ip daddr 10.244.0.2 accept") {
		t.Errorf("a pod must reach itself:\n%s", text)
	}
}

func TestAbsentPolicyTypes(t *testing.T) {
	p := policy("web")
	p.Spec.Egress = []net.NetworkPolicyEgressRule{{}}
	text := world(p).Render()
	expect(t, lines(t, text, "ingress_10_244_0_2"), []string{"counter drop"})
	expect(t, lines(t, text, "egress_10_244_0_2"), []string{"return", "counter drop"})
}

func TestIngressPeersAndPorts(t *testing.T) {
	http, first, last := intstr.FromString("http"), intstr.FromInt32(9000), int32(9010)
	udp := core.ProtocolUDP
	p := policy("web", net.PolicyTypeIngress)
	p.Spec.Ingress = []net.NetworkPolicyIngressRule{
		{From: []net.NetworkPolicyPeer{{PodSelector: app("client")}}, Ports: []net.NetworkPolicyPort{{Port: &http}}},
		{From: []net.NetworkPolicyPeer{{PodSelector: app("client"),
			NamespaceSelector: &meta.LabelSelector{MatchLabels: labels.Set{"team": "other"}}}},
			Ports: []net.NetworkPolicyPort{{Port: &first, EndPort: &last}, {Protocol: &udp}}},
		{From: []net.NetworkPolicyPeer{{IPBlock: &net.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16", "10.2.0.0/16"}}},
			{IPBlock: &net.IPBlock{CIDR: "fd00::/8"}}}},
		{From: []net.NetworkPolicyPeer{{PodSelector: app("nobody")}}},
	}
	expect(t, lines(t, world(p).Render(), "ingress_10_244_0_2"), []string{
		"ip saddr 10.0.0.0/8 ip saddr != 10.1.0.0/16 ip saddr != 10.2.0.0/16 return",
		"ip saddr { 10.244.0.4 } tcp dport 8080 return",
		"ip saddr { 10.244.0.5 } meta l4proto udp return",
		"ip saddr { 10.244.0.5 } tcp dport 9000-9010 return",
		"counter drop",
	})
}

func TestNamedEgressPortBelongsToThePeer(t *testing.T) {
	http := intstr.FromString("http")
	p := policy("client", net.PolicyTypeEgress)
	p.Spec.Egress = []net.NetworkPolicyEgressRule{{To: []net.NetworkPolicyPeer{{PodSelector: &meta.LabelSelector{}}},
		Ports: []net.NetworkPolicyPort{{Port: &http}}}}
	text := world(p).Render()
	expect(t, lines(t, text, "egress_10_244_0_4"), []string{"ip daddr 10.244.0.2 tcp dport 8080 return", "counter drop"})
	if !strings.Contains(text[strings.Index(text, "chain input"):], "ip saddr 10.244.0.4 jump egress_10_244_0_4") {
		t.Errorf("egress to the node is not judged:\n%s", text)
	}
	if strings.Contains(text, "10_244_0_3") || strings.Contains(text, "10_88_0_1") {
		t.Errorf("finished or host-network pod isolated:\n%s", text)
	}
}

func TestRenderIsStable(t *testing.T) {
	a, b := policy("web", net.PolicyTypeIngress), policy("client", net.PolicyTypeIngress)
	one, two := world(a, b), world(b, a)
	slices.Reverse(two.pods)
	if one.Render() != two.Render() {
		t.Error("the order of the lists changes the table")
	}
}
