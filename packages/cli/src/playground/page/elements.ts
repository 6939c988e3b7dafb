/** The element that the page has by this selector. */
export function find(within: ParentNode, selector: string): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`the page has no ${selector}`)
  return found
}

/** Sets a text, and touches nothing where it is the same. */
export function text(element: Element, content: string): void {
  if (element.textContent !== content) element.textContent = content
}
