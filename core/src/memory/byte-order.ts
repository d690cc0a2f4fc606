/**
 * Guest RAM is little-endian, whatever the host is. Here its words are elements of typed arrays, which have the host's own byte order: on
 * a big-endian host every table and every command would be read backwards, without a word. So such a host is refused as soon as
 * anything that holds such words is loaded.
 *
 * @param one the number 1 as this host keeps 16 bits.
 * @throws Error on a big-endian host.
 */
export function refuseBigEndian(one: Uint8Array = new Uint8Array(Uint16Array.of(1).buffer)): void {
  if (one[0] !== 1)
    throw new Error('vits needs a little-endian host: it reads guest RAM, which is little-endian, as words of the host')
}
