import type { CheckDocument, CheckedDocument } from '@vits/core/documents'
import { printable } from '../../printable.ts'
import type { Printer } from '../printer.ts'
import { countsOf, type Row, rowOf } from '../row.ts'

/**
 * JUnit XML as CI systems read it: a test case for each file. It fails where a restore would do harm; where nothing is known of that,
 * it is an error, and no success.
 */
export function junit(): Printer {
  const rows: Row[] = []
  const cases: string[] = []
  return {
    answer: ({ document }) => {
      const row = rowOf(document)
      rows.push(row)
      cases.push(testCase(document, row))
      // How many there are of each stands before the first.
      return ''
    },
    end: () => {
      const { fails, corrupts, undecided, unreadable } = countsOf(rows)
      const asked = rows.filter(({ isAsked }) => isAsked).length
      const counts = { tests: rows.length, failures: fails + corrupts + asked, errors: undecided + unreadable, skipped: 0 }
      return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        `<testsuites${attributes({ name: 'vits', ...counts })}>`,
        `<testsuite${attributes({ name: 'vits check', ...counts })}>`,
        ...cases,
        '</testsuite>',
        '</testsuites>',
        '',
      ].join('\n')
    },
  }
}

const elements = { fails: 'failure', corrupts: 'failure', undecided: 'error', unreadable: 'error' } as const

function testCase(document: CheckedDocument, { file, state, what, isAsked }: Row): string {
  const head = `<testcase${attributes({ classname: 'vits.check', name: file })}`
  if (state === 'restores' && !isAsked) return `${head}/>`
  const element = state === 'restores' ? 'failure' : elements[state]
  const told = 'error' in document ? document.error.says : details(document)
  return `${head}><${element}${attributes({ type: state, message: what })}>${escaped(told)}</${element}></testcase>`
}

function details({ headline, findings, gaps }: CheckDocument): string {
  const harm = findings.filter(({ severity }) => severity === 'fails' || severity === 'corrupts')
  const lines = [
    headline,
    ...harm.map(({ code, slug, says }) => `${code} ${slug}: ${says}`),
    ...gaps.map(({ code, says }) => `${code}: ${says}`),
  ]
  return [...new Set(lines)].join('\n')
}

const attributes = (of: Readonly<Record<string, string | number>>): string =>
  Object.entries(of)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`)
    .join('')

/** XML 1.0 has no escape for most controls. */
const escaped = (text: string): string =>
  text
    .split('\n')
    .map(printable)
    .join('\n')
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
