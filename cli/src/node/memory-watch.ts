/**
 * Tells how many bytes the process has in RAM. Without /proc, as in a bare chroot, only the most that it ever had is known: that counts
 * once it has grown since this watch began.
 */
export function memoryWatch(resident = process.memoryUsage.rss, most = mostEver): () => number {
  const before = most()
  return () => {
    try {
      return resident()
    } catch {
      const now = most()
      return now > before ? now : 0
    }
  }
}

const mostEver = (): number => process.resourceUsage().maxRSS * 1024
