import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const upload = 'UploadCertificate'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

describe.each([-8, 0, 8])('listings whose dates are off by %d hours', (hours) => {
  function create(service: ConstructorParameters<typeof World>[0] = {}): void {
    world = new World(service)
    world.service.listingShiftHours = hours
    world.start()
  }

  it('cost no second copy when the answer to a copy is lost', async () => {
    create()
    let lost = 0
    world.service.lostAnswer = ({ action }) =>
      action === upload && lost++ < 3 ? noAnswer(upload) : undefined
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.until(() => world.status(key).phase === 'Synced')
    expect(world.service.certificates).toHaveLength(1)
  })

  it('cost no second copy when the process dies after a copy', async () => {
    create()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    world.service.lostAnswer = ({ upload }) => {
      if (upload?.repeatable) world.process.kill()
      return undefined
    }
    world.store.replaceData(key, material.firstAgain.data)
    await world.until(() => world.process.dead)
    world.service.lostAnswer = undefined
    world.start()
    await world.settle()
    expect(world.service.withChain(material.firstAgain.chainFingerprint)).toHaveLength(1)
    expect(world.certificateOf(key)?.chain).toBe(material.firstAgain.chainFingerprint)
  })

  it.each(['answered', 'refused'] as const)(
    'cost no copy when a chain comes back (%s)',
    async (duplicates) => {
      create({ service: { duplicates } })
      for (const chain of ['first', 'firstAgain', 'first', 'firstAlone', 'firstAgain', 'first'] as const) {
        if (world.store.keys().length === 0) world.store.put(key, userAnnotations(), material[chain].data)
        else world.store.replaceData(key, material[chain].data)
        await world.settle()
        world.start()
        await world.settle()
        expect(world.certificateOf(key)?.chain).toBe(material[chain].chainFingerprint)
      }
      expect(world.service.certificates).toHaveLength(3)
    },
  )

  it.each([true, false])(
    'do not hide a certificate that the account says it holds (China: %s)',
    async (canFindByChain) => {
      create({ service: { duplicates: 'refused', canFindByChain } })
      world.store.put(key, userAnnotations(), material.first.data)
      await world.settle()
      const ids = world.ids([key])
      world.wipe(key)
      world.start()
      await world.settle()
      expect(world.status(key).phase).toBe('Synced')
      expect(world.ids([key])).toEqual(ids)
      expect(world.service.certificates).toHaveLength(1)
    },
  )
})
