import { Bytes } from './stream-writer.ts'

const HEADER_BYTES = 92
export const XML_BYTES = 300

/** A libvirt save of `stream` as libvirt on a host of that byte order writes it. */
export function libvirtSave(
  stream: Uint8Array,
  { storage = 0, big = false, magic = 'LibvirtQemudSave', version = 2 } = {},
): Uint8Array {
  const save = new Uint8Array(HEADER_BYTES + XML_BYTES + stream.length)
  save.set(new Bytes().text(magic).done())
  const view = new DataView(save.buffer)
  ;[version, XML_BYTES, 1, storage, 100].forEach((word, i) => {
    view.setUint32(16 + i * 4, word, !big)
  })
  save.set(stream, HEADER_BYTES + XML_BYTES)
  return save
}
