import type { Report } from '../../audit/index.ts'
import type { Mapping } from './mapped.ts'

const isNamed = ({ findings }: Report, code: 'D203' | 'D215', { deviceId, eventId }: Mapping): boolean =>
  eventId === undefined && findings.some((finding) => finding.code === code && finding.deviceId === deviceId)

/** A dead device that comes back without an event does no harm now: the finding about its entry says so. */
export const isNamedAsDead = (report: Report, mapping: Mapping): boolean => isNamed(report, 'D203', mapping)

/** A device without an event has no interrupt to lose: that it may be lost is noted. */
export const isNotedAsLost = (report: Report, mapping: Mapping): boolean => isNamed(report, 'D215', mapping)
