/** QEMU's options of a disk on /tmp/diskNUMBER, of which a host has eight. */
export const disk = (number: number, device: string) =>
  `-drive file=/tmp/disk${number},format=raw,if=none,id=disk${number} -device ${device},drive=disk${number}`

/** QEMU's options of a network card on a network of its own, with a gateway at 10.0.2.2. */
export const card = (number: number, device: string) =>
  `-netdev user,id=net${number} -device ${device},netdev=net${number},romfile=,mac=52:54:00:00:00:0${number}`

export const rootPorts = (count: number) =>
  Array.from({ length: count }, (_, n) => `-device pcie-root-port,id=port${n + 1},chassis=${n + 1},slot=${n + 1}`).join(' ')
