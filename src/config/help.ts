import { groups } from './option.ts'
import { optionsTable } from './options.ts'

const width = 100
const column = 32

/** The text of --help, at most 100 columns wide. */
export function helpText(): string {
  const parts = [usage, start, ...groups.map(group), others, credentials, network, examples, exitCodes, more]
  return `${parts.join('\n\n')}\n`
}

const usage = `Usage: tencent-cert-sync --cluster-name NAME [OPTION]...

A Kubernetes operator. It watches Secrets of type kubernetes.io/tls, uploads the certificate of
each annotated Secret to Tencent Cloud's SSL Certificate service, and writes the CertificateId
back to the Secret as an annotation. Each renewal is uploaded once and has a new CertificateId.`

const start = section('Getting started', [
  paragraph('Opt in a Secret, wait a moment, and read its CertificateId and its Events:'),
  '',
  '    kubectl annotate secret shop-tls tencent-cert-sync.io/upload=true',
  '    kubectl get secret shop-tls \\',
  String.raw`      -o jsonpath='{.metadata.annotations.status\.tencent-cert-sync\.io/certificate-id}'`,
  '    kubectl events --for secret/shop-tls',
  '',
  paragraph(
    'Every option is also an environment variable: --upload-slots 5 is TENCENT_CERT_SYNC_UPLOAD_SLOTS=5. If both are given, the flag wins. Durations are written like 250ms, 5s, 10m or 1h30m.',
  ),
])

const others = section('Other', [
  entry('-h, --help', 'Show this text.'),
  entry('--version', 'Show the version.'),
])

const credentials = section('Credentials', [
  paragraph(
    'Use a sub-account that may call ssl:UploadCertificate, ssl:DescribeCertificates and ssl:CheckCertificateExist. Credentials are read from the environment, or from files of these names in --credentials-directory. There is no flag for them, because command lines are visible to other users.',
  ),
  entry('TENCENTCLOUD_SECRET_ID', 'SecretId.'),
  entry('TENCENTCLOUD_SECRET_KEY', 'SecretKey.'),
  entry('TENCENTCLOUD_SESSION_TOKEN', 'Session token; only with temporary credentials.'),
])

const network = section('Network', [
  entry(
    'HTTPS_PROXY',
    'Proxy for calls to Tencent Cloud, as http://[USER:PASSWORD@]HOST:PORT. The API server is always reached directly. If https_proxy is set too, it wins.',
  ),
  entry(
    'NO_PROXY',
    'Hosts to reach without the proxy: names (with their subdomains), addresses, ranges such as 10.0.0.0/8, or *. If no_proxy is set too, it wins.',
  ),
  entry(
    'NODE_EXTRA_CA_CERTS',
    'PEM file with additional certificate authorities to trust. A proxy that decrypts TLS with one of them sees every private key that is uploaded.',
  ),
])

const examples = section('Examples', [
  paragraph('In a pod, international site, credentials from a mounted Secret:'),
  '    tencent-cert-sync --cluster-name production-1 --credentials-directory /etc/tencent-cert-sync',
  '',
  paragraph('Chinese site, credentials from the environment:'),
  '    tencent-cert-sync --cluster-name production-1 --tencent-endpoint ssl.tencentcloudapi.com',
  '',
  paragraph('From your machine: show what would be uploaded from two namespaces, and change nothing:'),
  '    tencent-cert-sync --cluster-name test --kubeconfig ~/.kube/config --namespaces shop,blog \\',
  '      --dry-run --log-format pretty',
])

const exitCodes = section('Exit codes', [
  entry('0', 'Stopped by SIGTERM or SIGINT, or after --help or --version.'),
  entry('1', 'Failed to start, lost the Lease, or hit an error that needs a restart.'),
  entry('2', 'Invalid configuration; every problem is listed.'),
])

const more = `Annotations, status, reasons and metrics: docs/reference.md. Alerts and runbook: docs/operations.md.`

function group(name: string): string {
  const rows = optionsTable().filter((row) => row.group === name)
  return section(
    name,
    rows.map((row) =>
      entry(row.flag, `${row.help} (${row.required ? 'required' : `default: ${row.default}`})`),
    ),
  )
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join('\n')
}

/** A name, and what it means in a column beside it. */
function entry(name: string, text: string): string {
  const lines = wrap(text, width - column)
  const first = `  ${name}`.padEnd(column)
  return [`${first}${lines[0] ?? ''}`, ...lines.slice(1).map((line) => `${' '.repeat(column)}${line}`)].join(
    '\n',
  )
}

function paragraph(text: string): string {
  return wrap(text, width - 2)
    .map((line) => `  ${line}`)
    .join('\n')
}

function wrap(text: string, limit: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > limit) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
