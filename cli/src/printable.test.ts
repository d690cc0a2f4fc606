import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { printable, shellWord } from './printable.ts'

describe('text from outside', () => {
  it('cannot move the cursor, change colours or turn the line round', () => {
    expect(printable('a\x1b[2Jb\r\n\u202ec\u009b')).toBe('a\\x1b[2Jb\\x0d\\x0a\\xe2\\x80\\xaec\\xc2\\x9b')
    expect(printable('Größe 1 · vm.mig')).toBe('Größe 1 · vm.mig')
  })
})

describe('a file in a command to copy', () => {
  it.each(["my vm's.mig", 'a b', '$(rm -rf x)', '-rf', 'plain.mig', 'a"b', 'a\\b', '*', "a\x1b'\\b\u202e"])(
    'is one word of the shell: %s',
    (file) => {
      const seen = execFileSync('bash', ['-c', `printf '%s' ${shellWord(file)}`]).toString()
      expect(seen.replace(/^\.\/-/, '-')).toBe(file)
      expect(shellWord(file).startsWith('-')).toBe(false)
    },
  )

  it('stays as it is when nothing in it needs quotes', () => {
    expect(shellWord('/srv/vm-1/disk_0.mig.zst')).toBe('/srv/vm-1/disk_0.mig.zst')
  })
})
