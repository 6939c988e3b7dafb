/** The event that says that an event stream is complete. Nothing after it counts. */
export function encodeDone(): string {
  return 'data: [DONE]\n\n'
}
