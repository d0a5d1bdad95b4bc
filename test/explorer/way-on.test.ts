import { expect, it } from 'vitest'
import { movesOf } from './moves.ts'
import { profileNamed } from './profiles.ts'
import { newWorld, type World } from './small-world.ts'
import { WayOn } from './way-on.ts'

/** What moves lead to, by their labels. */
async function played(start: World, labels: readonly string[]): Promise<World> {
  let world = start
  for (const label of labels) {
    const move = movesOf(world).find((it) => it.label === label)
    if (!move) throw new Error(`no move "${label}"`)
    world = await move.apply(world)
  }
  return world
}

it('ends where lookups are denied, although the operator looks again and again for what the service names', async () => {
  const start = newWorld(profileNamed('leaf-lookups-denied'), [0, 1])
  const world = await played(start, [
    'shop/site is reconciled',
    'shop/site: UploadCertificate is answered',
    'shop/site gets chain 1',
    'shop/site: the status is written',
    'shop/site is reconciled',
    'shop/site: UploadCertificate is answered',
    'shop/site: the status is written',
    'shop/site is reconciled',
    'shop/site: DescribeCertificates (SameLeaf) is answered',
    '10 s pass',
  ])
  expect(await new WayOn().problemOf(world)).toBeUndefined()
})
