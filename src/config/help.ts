import { groups } from './option.ts'
import { optionsTable } from './options.ts'

const width = 100
const column = 32

/** The text of --help, at most 100 columns wide. */
export function helpText(): string {
  return `${[usage, ...groups.map(group), others, credentials, network, examples, exitCodes].join('\n\n')}\n`
}

const usage = `Usage: tencent-cert-sync --cluster-name NAME [OPTION]...

Uploads the TLS Secrets that carry the annotation tencent-cert-sync.io/upload: "true" to Tencent
Cloud's SSL Certificate service, and writes the CertificateId back as an annotation.

Durations look like 250ms, 5s, 10m or 1h30m. Every option is also an environment variable:
--upload-slots 5 is TENCENT_CERT_SYNC_UPLOAD_SLOTS=5. Where both are given, the flag wins.`

const others = section('Other', [
  entry('-h, --help', 'Show this text.'),
  entry('--version', 'Show the version.'),
])

const credentials = section('Credentials', [
  paragraph(
    'The credentials of a sub-account that may call ssl:UploadCertificate, ssl:DescribeCertificates and ssl:CheckCertificateExist. Never a flag: command lines are visible to others.',
  ),
  entry('TENCENTCLOUD_SECRET_ID', 'Secret id, in the environment or in a file of this name.'),
  entry('TENCENTCLOUD_SECRET_KEY', 'Secret key.'),
  entry('TENCENTCLOUD_SESSION_TOKEN', 'Session token; only with temporary credentials.'),
])

const network = section('Network', [
  entry(
    'HTTPS_PROXY',
    'URL of a proxy, http://[USER:PASSWORD@]HOST:PORT, for calls to Tencent Cloud; never for those to the API server. Also https_proxy, which wins.',
  ),
  entry(
    'NO_PROXY',
    'Hosts that are reached without it: names, with all their subdomains; addresses; ranges as in 10.0.0.0/8; *. Also no_proxy, which wins.',
  ),
  entry(
    'NODE_EXTRA_CA_CERTS',
    'File of further certificate authorities to trust, PEM. A proxy that decrypts TLS under one of them sees every private key that is uploaded.',
  ),
])

const examples = section('Examples', [
  '  tencent-cert-sync --cluster-name production-1 --credentials-directory /etc/tencent-cert-sync',
  '  tencent-cert-sync --cluster-name production-1 --tencent-endpoint ssl.tencentcloudapi.com',
  '  tencent-cert-sync --cluster-name test --dry-run --log-format pretty --namespaces shop,blog',
])

const exitCodes = section('Exit codes', [
  entry('0', 'Stopped by SIGTERM or SIGINT; --help; --version.'),
  entry('1', 'Could not start, or failed in a way that only a restart can mend.'),
  entry('2', 'The configuration is not valid; every problem is named.'),
])

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
