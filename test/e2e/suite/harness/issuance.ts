import type { KubernetesObject } from '../../../chart/kubernetes-object.ts'
import type { Admin } from '../../../control-plane/admin.ts'
import { eventually } from '../../../harness/eventually.ts'
import type { Kubectl } from './kubectl.ts'

/** A Certificate of cert-manager; its Secret has its name. */
export interface CertificateSpec {
  readonly name: string
  /** For the Secret: `secretTemplate.annotations`. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Name of an Issuer. Default: the authority that `prepare` made. */
  readonly issuer?: string
  /** Asks for a throwaway certificate until the Issuer answers. */
  readonly temporary?: boolean
  /** Default 2160h. */
  readonly duration?: string
  /** Default: cert-manager's own, a third of the duration. */
  readonly renewBefore?: string
}

const group = 'cert-manager.io'
const authority = 'authority'

/** What one namespace has of cert-manager: a CA of its own, and Certificates that it issues. */
export class Issuance {
  readonly #admin: Admin
  readonly #kubectl: Kubectl
  readonly #namespace: string

  constructor(admin: Admin, kubectl: Kubectl, namespace: string) {
    this.#admin = admin
    this.#kubectl = kubectl
    this.#namespace = namespace
  }

  /** A self-signed root and an Issuer that signs with it. */
  async prepare(): Promise<void> {
    const root = this.#certificate({ name: 'root', issuer: 'self-signed' })
    await this.#kubectl.apply(
      this.#object('Issuer', 'self-signed', { selfSigned: {} }),
      { ...root, spec: { ...(root['spec'] as object), isCA: true, commonName: 'E2E root' } },
      this.issuer(authority),
    )
  }

  /** Manifest of an Issuer that signs with the root. */
  issuer(name: string): KubernetesObject {
    return this.#object('Issuer', name, { ca: { secretName: 'root' } })
  }

  /** Creates the Certificate, or changes it. Every one has an ECDSA key, a new one each time. */
  async certificate(spec: CertificateSpec): Promise<void> {
    await this.#kubectl.apply(this.#certificate(spec))
  }

  /** Asks for a new certificate now, as `cmctl renew` does. */
  async reissue(name: string): Promise<void> {
    const condition = {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'a test wants a new certificate',
      lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
    }
    await this.#admin.request('PATCH', `${this.#path(name)}/status`, {
      body: [{ op: 'add', path: '/status/conditions/-', value: condition }],
      contentType: 'application/json-patch+json',
    })
  }

  /** How often it was issued; 0 before the first time. */
  async revision(name: string): Promise<number> {
    const { status } = await this.#admin.request<{ status?: { revision?: number } }>('GET', this.#path(name))
    return status?.revision ?? 0
  }

  async eventuallyRevision(name: string, revision: number, timeoutMs?: number): Promise<void> {
    await eventually(
      `${name} is issued ${revision} times`,
      async () => (await this.revision(name)) >= revision,
      timeoutMs === undefined ? {} : { timeoutMs },
    )
  }

  /** Deletes the Certificate; the Secret stays. */
  async remove(name: string): Promise<void> {
    await this.#admin.request('DELETE', this.#path(name))
  }

  #certificate(spec: CertificateSpec): KubernetesObject {
    const { name, annotations = {}, issuer = authority, temporary, duration = '2160h', renewBefore } = spec
    const object = this.#object('Certificate', name, {
      secretName: name,
      secretTemplate: { annotations },
      dnsNames: [`${name}.example.com`],
      duration,
      ...(renewBefore && { renewBefore }),
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      issuerRef: { name: issuer, kind: 'Issuer', group },
    })
    if (!temporary) return object
    const asked = { [`${group}/issue-temporary-certificate`]: 'true' }
    return { ...object, metadata: { ...object.metadata, annotations: asked } }
  }

  #object(kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubernetesObject {
    return { apiVersion: `${group}/v1`, kind, metadata: { name, namespace: this.#namespace }, spec }
  }

  #path(name: string): string {
    return `/apis/${group}/v1/namespaces/${this.#namespace}/certificates/${name}`
  }
}
