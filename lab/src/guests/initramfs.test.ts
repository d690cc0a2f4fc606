import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { initramfs } from './initramfs.ts'

describe('an initramfs', () => {
  const archive = initramfs([
    { path: 'bin/busybox', data: Buffer.from('program'), mode: 0o755 },
    { path: 'lib/ld.so', link: 'deep/ld.so' },
    { path: 'proc', folder: true },
  ])

  it('begins each entry at four bytes, with the magic, thirteen words and the name', () => {
    expect(archive.toString('latin1', 0, 6)).toBe('070701')
    expect(archive.length % 4).toBe(0)
    expect(archive.toString('latin1').match(/070701/g)).toHaveLength(6)
    for (const { index } of archive.toString('latin1').matchAll(/070701/g)) expect(index % 4).toBe(0)
  })

  it.runIf(spawnSync('cpio', ['--version']).status === 0)('is read by cpio, with the folders above each entry', () => {
    const { stdout } = spawnSync('cpio', ['-itv', '--quiet', '--numeric-uid-gid'], { input: archive, encoding: 'utf8' })
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^(\S+)\s+\d+\s+(\d+)\s+(\d+)\s+(\d+)\s+\w+\s+\d+\s+\d+\s+(.*)$/, '$1 $2:$3 $4 $5'))
    expect(listed).toEqual([
      'drwxr-xr-x 0:0 0 bin',
      'drwxr-xr-x 0:0 0 lib',
      '-rwxr-xr-x 0:0 7 bin/busybox',
      'lrwxrwxrwx 0:0 10 lib/ld.so -> deep/ld.so',
      'drwxr-xr-x 0:0 0 proc',
    ])
  })
})
