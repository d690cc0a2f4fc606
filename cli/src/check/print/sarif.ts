import { type ProblemCode, problems } from '@vits/core/audit'
import type { CheckDocument, CheckedDocument, UnreadDocument } from '@vits/core/documents'
import { jsonText } from '../../printable.ts'
import type { Printer, Run } from '../printer.ts'

/** Where the schema of the format is published. */
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/** A run of SARIF 2.1.0: a result for each finding, and a notification for each file without a verdict. */
export function sarif(run: Run): Printer {
  const notifications: unknown[] = []
  let open = head(run)
  return {
    answer: ({ document }) => {
      if ('error' in document) notifications.push(notification(document))
      const results = resultsOf(document)
      if (results.length === 0) return ''
      const before = open
      open = ',\n'
      return before + results.map((result) => jsonText(result, 0).trimEnd()).join(',\n')
    },
    end: () => {
      const before = open === ',\n' ? '' : open
      // Both stand behind the results, because they are only known then.
      const invocation = { executionSuccessful: notifications.length === 0, toolExecutionNotifications: notifications }
      return `${before}],"invocations":[${jsonText(invocation, 0).trimEnd()}]}]}\n`
    },
  }
}

/** All that stands before the first result. */
function head({ version }: Run): string {
  const rules = (Object.keys(problems) as ProblemCode[]).map((id) => {
    const { slug, help } = problems[id]
    const fullDescription = { text: [help.what, help.outcome].join(' ') }
    return {
      id,
      name: slug,
      shortDescription: { text: help.what },
      fullDescription,
      help: { text: [help.why, help.fix].join(' ') },
    }
  })
  const tool = jsonText({ driver: { name: 'vits', version, rules } }, 0).trimEnd()
  return `{"$schema":"${SCHEMA}","version":"2.1.0","runs":[{"tool":${tool},"results":[\n`
}

const levels = { fails: 'error', corrupts: 'error', latent: 'note', note: 'note' } as const

function resultsOf(document: CheckedDocument): unknown[] {
  if ('error' in document) return []
  return document.findings.map((finding) => {
    const { code, severity, says, gpa, device, fix } = finding
    const isGap = document.gaps.some((gap) => gap.code === code)
    return {
      ruleId: code,
      level: isGap ? 'warning' : levels[severity],
      message: { text: [`${says}${/[.!?]$/.test(says) ? '' : '.'}`, ...(fix.says === '' ? [] : [`Fix: ${fix.says}`])].join(' ') },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(document.file) },
            // Where in guest RAM it is: the file's own bytes are the VMM's to lay out.
            ...(gpa === null ? {} : { address: { absoluteAddress: Number(gpa), kind: 'table', name: `guest physical ${gpa}` } }),
          },
          ...(device === null ? {} : { logicalLocations: [{ name: device, kind: 'resource' }] }),
        },
      ],
      partialFingerprints: { finding: [code, finding.its, finding.deviceId, finding.eventId, gpa].join(':') },
      properties: {
        severity,
        confidence: finding.confidence,
        verdict: document.verdict,
        kernel: (document as CheckDocument).kernel,
      },
    }
  })
}

const notification = ({ file, error }: UnreadDocument): unknown => ({
  level: 'error',
  message: { text: error.says },
  locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) } } }],
})

/** A path as a reference of a URI: relative where the path is. */
function uriOf(file: string): string {
  const path = file.split('/').map(encoded).join('/')
  return file.startsWith('/') ? `file://${path}` : path
}

/** Halves of characters have no UTF-8. */
const encoded = (part: string): string => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd'))
