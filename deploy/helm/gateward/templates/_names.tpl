{{- define "gateward.name" -}}
{{- printf "%s" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "gateward.labels" -}}
app.kubernetes.io/name: gateward
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "gateward.selector" -}}
app.kubernetes.io/name: gateward
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
