import { describe, expect, it } from 'vitest'
import { complaints, endOf } from './complaints.ts'
import type { Part } from './part.ts'
import { type KernelReport, partText, tapText, verdictText } from './report.ts'

const difference = {
  title: 'with keeps-unmapped, which linux-7.3.4 has not',
  history: '1 vCPU · ITS_SAVE_TABLES',
  expected: 'memory nothing',
  got: 'memory 0x10:01',
  decidedIn: 'vgic_its_cmd_handle_mapd',
  recording: '.lab/differences/keeps-unmapped.json',
}
const answers: Part = { name: 'answers', asked: '3 scenarios', seconds: 2, differences: [difference], untold: 0 }
const heads: Part = { name: 'dummy heads', asked: '3 random histories', seconds: 1, differences: [], untold: 0 }
const kernel = { release: '7.3.4', name: '7.3.4', build: '#1' }
const report: KernelReport = {
  kernel,
  profile: 'linux-7.3.4',
  turned: ['with keeps-unmapped'],
  unexplained: 0,
  same: false,
  parts: [answers, heads],
  unknown: ['no-gicv41-save'],
  seconds: 30,
}

describe('the report of a kernel', () => {
  it('says three lines of each difference: what was asked, expected, and came', () => {
    expect(partText(answers).split('\n').slice(1)).toEqual([
      '  with keeps-unmapped, which linux-7.3.4 has not',
      '    history   1 vCPU · ITS_SAVE_TABLES',
      '    expected  memory nothing',
      '    got       memory 0x10:01, decided in vgic_its_cmd_handle_mapd',
      '    kept in   .lab/differences/keeps-unmapped.json',
    ])
  })

  it('says what the kernel answers as, and what is not known of it', () => {
    expect(verdictText(report)).toBe(`
answers as linux-7.3.4, with keeps-unmapped (30 s)
not asked for, so not known: no-gicv41-save`)
    expect(verdictText({ ...report, unexplained: 1 })).toContain('does not answer as linux-7.3.4, with keeps-unmapped: answers')
    expect(verdictText({ ...report, turned: [], same: true, parts: [heads] })).toContain('\nanswers as linux-7.3.4 (30 s)')
  })

  it('is TAP for those who read that', () => {
    expect(tapText(report)).toBe(`TAP version 14
1..2
not ok 1 - answers: 3 scenarios
  ---
  differences:
    - title: "with keeps-unmapped, which linux-7.3.4 has not"
      history: "1 vCPU · ITS_SAVE_TABLES"
      expected: "memory nothing"
      got: "memory 0x10:01"
      decidedIn: "vgic_its_cmd_handle_mapd"
      recording: ".lab/differences/keeps-unmapped.json"
  untold: 0
  ...
ok 2 - dummy heads: 3 random histories
# answers as linux-7.3.4, with keeps-unmapped
# not asked for: no-gicv41-save`)
  })
})

const splat = (at: string) => `[   12.1] ------------[ cut here ]------------
[   12.1] WARNING: CPU: 0 PID: 1 at arch/arm64/kvm/vgic/vgic-its.c:1 ${at}+0x10/0x20
[   12.2] pc : ${at}+0x10/0x20\r
`

describe('the console of a kernel', () => {
  it('is searched for complaints, each told once, with the function that they are of', () => {
    const found = complaints(`[ 1.0] all is well\n${splat('vgic_add_lpi')}${splat('vgic_add_lpi')}${splat('its_x')}`)
    expect(found.map(({ decidedIn }) => decidedIn)).toEqual(['vgic_add_lpi', 'its_x'])
    expect(complaints('[ 1.0] all is well')).toEqual([])
  })

  it('is shown by its end, and by what it says of KVM', () => {
    const lines = ['[ 1.0] kvm [1]: HYP mode not available', ...Array.from({ length: 30 }, (_, n) => `[ 2.0] line ${n}`)]
    expect(endOf(lines.join('\n'), 2)).toBe(`  [ 1.0] kvm [1]: HYP mode not available\n  ...\n  [ 2.0] line 28\n  [ 2.0] line 29`)
    expect(endOf('')).toContain('it said no word')
  })
})
