import { describe, expect, it } from 'vitest'
import { bytesSource } from '../index.ts'
import { Bytes } from '../testing/stream-writer.ts'
import { lastDescription, stateBytes, subsectionHeaderBytes } from './vmdescription.ts'

/** The end of a stream with this text as its description. */
const ending = (json: string, { mark = [0, 6], length = json.length } = {}) =>
  new Bytes().raw(Uint8Array.from(mark)).u32(length).text(json)
const read = (...pieces: readonly (Bytes | readonly number[])[]) => {
  const out = new Bytes()
  for (const piece of pieces) out.raw(piece instanceof Bytes ? piece.done() : Uint8Array.from(piece))
  return described(out.done())
}
const described = async (bytes: Uint8Array) => (await lastDescription(bytesSource(bytes)))?.devices
const json = (...devices: readonly object[]) => JSON.stringify({ page_size: 4096, devices })
const device = (name: string) => ({ name, instance_id: 3 })
const plain = (name: string) => ({ name, instance: 3, fields: [], subsections: [] })

const nested = {
  ...device('gic'),
  fields: [
    { name: 'a', type: 'uint32', size: 4 },
    { name: 'b', size: 12, array_len: 5, struct: { fields: [{ name: 'c', size: 12 }] } },
  ],
  subsections: [{ vmsd_name: 'gic/more', fields: [{ name: 'd', size: 1 }], subsections: [{ vmsd_name: 'gic/most' }] }],
}

describe('the description that ends a stream', () => {
  it('names devices, what they consist of and how long that is', async () => {
    const [gic] = (await read([1, 2, 3], ending(json(nested))))!
    const field = (name: string, bytes: number, rest = {}) => ({ name, type: '', bytes, count: 1, struct: undefined, ...rest })
    const most = { name: 'gic/most', fields: [], subsections: [] }
    expect(gic).toEqual({
      name: 'gic',
      instance: 3,
      fields: [
        field('a', 4, { type: 'uint32' }),
        field('b', 12, { count: 5, struct: { fields: [field('c', 12)], subsections: [] } }),
      ],
      subsections: [{ name: 'gic/more', fields: [field('d', 1)], subsections: [most] }],
    })
    expect([subsectionHeaderBytes(most), stateBytes(most), stateBytes(gic!)]).toEqual([14, 0, 4 + 60 + 14 + 1 + 14])
  })

  it.each([
    ['at the very beginning', [ending(json(device('a')))]],
    ['behind anything', [[0x7b, 0x7d, 0, 6, 0, 0], ending(json(device('a')))]],
    ['before zeros', [ending(json(device('a'))), [0, 0, 0]]],
    ['before the last of several', [ending(json(device('b'))), ending(json(device('a')))]],
    ['before what has another mark', [ending(json(device('a'))), ending(json(device('b')), { mark: [0, 5] })]],
    ['before what does not end a section', [ending(json(device('a'))), ending(json(device('b')), { mark: [1, 6] })]],
    ['before what is longer than the file', [ending(json(device('a'))), ending(json(device('b')), { length: 1000 })]],
    ['before what is cut', [ending(json(device('a'))), ending(json(device('b')), { length: 20 })]],
    ['before what has no devices', [ending(json(device('a'))), ending('{"page_size":4096}')]],
    ['before what goes on in zeros', [ending(json(device('a'))), ending(`${json(device('b'))}\0`)]],
  ])('is found %s', async (_, pieces) => {
    expect(await read(...pieces)).toEqual([plain('a')])
  })

  it('may be followed by nothing at all, or be looked for in vain', async () => {
    expect(await read(ending(json()))).toEqual([])
    for (const bytes of [[], [0], [0, 6, 0, 0, 0, 2, 0x7b], [6, 0, 0, 0, 2, 0x7b, 0x7d]]) {
      expect(await read(bytes)).toBeUndefined()
    }
  })

  it('is looked for in the last 8 MiB', async () => {
    const end = ending(json(device('a'))).done()
    const file = (before: number, behind: number) => {
      const bytes = new Uint8Array(before + end.length + behind)
      bytes.set(end, before)
      return described(bytes)
    }
    expect(await file(5000, (8 << 20) - end.length)).toEqual([plain('a')])
    expect(await file(5000, (8 << 20) - end.length + 1)).toBeUndefined()
  })

  const deep = (levels: number): object => ({ name: 'f', size: 0, struct: { fields: levels === 1 ? [] : [deep(levels - 1)] } })
  const deepSub = (levels: number): object => ({ vmsd_name: 's', subsections: levels === 1 ? [] : [deepSub(levels - 1)] })
  it.each([
    ['other pages', JSON.stringify({ page_size: 16384, devices: [] }), '"page_size" 4096 in the device description, found 16384'],
    ['a device without a name', json({ instance_id: 0 }), 'a short string'],
    ['a device without an instance', json({ name: 'a' }), 'a count'],
    ['a field without a size', json({ ...device('a'), fields: [{ name: 'f' }] }), 'a count'],
    ['a field without a name', json({ ...device('a'), fields: [{ size: 4 }] }), 'a short string'],
    ['a subsection without a name', json({ ...device('a'), subsections: [{}] }), 'a short string'],
    [
      'a structure longer than its fields',
      json({ ...device('a'), fields: [{ name: 'f', size: 5, struct: { fields: [{ name: 'c', size: 4 }] } }] }),
      '"size" 4, as the fields of f have together in the device description, found 5',
    ],
    [
      'a structure shorter than its fields',
      json({ ...device('a'), fields: [{ name: 'f', size: 3, struct: { fields: [{ name: 'c', size: 4 }] } }] }),
      '"size" 4, as the fields of f have together in the device description, found 3',
    ],
    [
      'any number of structures without bytes',
      json({ ...device('a'), fields: [{ name: 'f', size: 0, array_len: 4097, struct: {} }] }),
      'at most 4096 of f, which have no bytes',
    ],
    ['structures 33 deep', json({ ...device('a'), fields: [deep(33)] }), 'structures at most 32 deep'],
    ['subsections 33 deep', json({ ...device('a'), subsections: [deepSub(33)] }), 'structures at most 32 deep'],
  ])('is refused with %s', async (_, text, message) => {
    const refused = read([1, 2, 3], ending(text))
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset: 3 + 6 })
  })

  it('may have an array of structures that happen to be without bytes', async () => {
    const [found] = (await read(ending(json({ ...device('a'), fields: [{ name: 'f', size: 0, array_len: 4096, struct: {} }] }))))!
    expect(found!.fields[0]).toMatchObject({ bytes: 0, count: 4096 })
  })

  it('may have structures and subsections 32 deep', async () => {
    const [found] = (await read(ending(json({ ...device('a'), fields: [deep(32)], subsections: [deepSub(32)] }))))!
    expect(found!.fields[0]!.struct!.fields.length).toBe(1)
  })
})
