import type { Lineage } from '../protocol/position.ts'

/** A lineage as the store keeps it: `e:fork,e:fork`. No epoch holds either mark. */
export const formatLineage = (lineage: Lineage): string => lineage.map(({ e, at }) => `${e}:${at}`).join()

export const parseLineage = (text: string): Lineage =>
  text.split(',').map((fork) => {
    const [e = '', at] = fork.split(':')
    return { e, at: Number(at) }
  })

/** Whether a lineage is another one, gone on. */
export const isExtension = (lineage: Lineage, of: Lineage): boolean =>
  formatLineage(lineage.slice(0, of.length)) === formatLineage(of)
