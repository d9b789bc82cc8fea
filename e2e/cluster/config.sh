# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The configuration files of the node's components. Needs node.sh.
# shellcheck disable=SC2154

write_containerd_config() {
    # restrict_oom_score_adj: runc may not lower it without CAP_SYS_RESOURCE and then fails with a puzzling message.
    # Pod namespaces are mounted below our own directory so that the end of the cluster can find them.
    cat >"$state/config/containerd.toml" <<Y
version = 2
root = "$state/containerd"
state = "$short/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "$short/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$state/config/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "$short/runc"
SystemdCgroup = false
Y
    # ptp, not a bridge: packets between pods are then routed, and so meet the network policies.
    cat >"$state/config/cni/10-radarx.conflist" <<Y
{"cniVersion": "0.4.0", "name": "radarx", "plugins": [{"type": "ptp",
 "ipam": {"type": "host-local", "dataDir": "$short/addresses", "ranges": [[{"subnet": "${pods%.0.0/16}.0.0/24"}]],
          "routes": [{"dst": "0.0.0.0/0"}]}}]}
Y
}

write_kubelet_config() {
    cat >"$state/config/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
containerRuntimeEndpoint: unix://$short/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /radarx
failCgroupV1: false
failSwapOn: false
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: /dev/null
podLogsDir: $state/pods
volumePluginDir: $state/kubelet/plugins
makeIPTablesUtilChains: false
healthzBindAddress: 127.0.0.1
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $state/pki/kubelet.crt
tlsPrivateKeyFile: $state/pki/kubelet.key
shutdownGracePeriod: 0s
Y
}

write_proxy_config() {
    # Zeros leave the connection tracking limits alone: they are read-only in the namespace.
    cat >"$state/config/kube-proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: $pods
hostnameOverride: node
bindAddress: $node_ip
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clientConnection: {kubeconfig: $state/kube-proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y
}

write_dns_config() {
    # Nothing is forwarded: a name outside the cluster does not exist, at once.
    cat >"$state/config/Corefile" <<Y
cluster.local:53 in-addr.arpa:53 {
    bind $node_ip
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig $state/admin.kubeconfig
        ttl 5
    }
}
.:53 {
    bind $node_ip
    template ANY ANY {
        rcode NXDOMAIN
    }
}
Y
}

# CoreDNS and metrics-server are processes on the node: Services without selectors lead to them.
write_manifests() {
    cat >"$state/config/cluster.yaml" <<Y
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  clusterIP: $dns_ip
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-node, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{addresses: [$node_ip], conditions: {ready: true}}]
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  ports: [{name: https, port: 443, targetPort: 4443}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: metrics-server-node, namespace: kube-system, labels: {kubernetes.io/service-name: metrics-server}}
addressType: IPv4
endpoints: [{addresses: [$node_ip], conditions: {ready: true}}]
ports: [{name: https, port: 4443, protocol: TCP}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/host-path
reclaimPolicy: Delete
Y
}
