/** Whether a value nests more levels of objects and lists than this: what is done with it afterwards is recursive. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  // Any object may be read by its keys.
  const fields = value as { readonly [key: string]: unknown }
  for (const key in fields) if (isDeeper(fields[key], levels - 1)) return true
  return false
}
