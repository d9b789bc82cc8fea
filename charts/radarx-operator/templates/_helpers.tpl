{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- define "radarx.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- printf "%s-operator" (trimSuffix "-operator" .Release.Name | trunc 50 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "radarx.selector" -}}
app.kubernetes.io/name: radarx-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "radarx.labels" -}}
{{ include "radarx.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* Exactly what the operator does, in one namespace or in all. */ -}}
{{- define "radarx.rules" -}}
- apiGroups: [radarx.io]
  resources: [radarxdeployments, alertsubscriptions]
  verbs: [list, watch]
- apiGroups: [radarx.io]
  resources: [radarxdeployments/status, alertsubscriptions/status]
  verbs: [patch]
# Owner references that block the owner's deletion need this where the admission plugin for them is on.
- apiGroups: [radarx.io]
  resources: [radarxdeployments/finalizers]
  verbs: [update]
# Children that always exist; the garbage collector removes them with their owner.
- apiGroups: [""]
  resources: [serviceaccounts, configmaps, services]
  verbs: [get, list, watch, create, patch]
# Created once with generated keys and never changed.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
# Children that a changed spec can switch off.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
