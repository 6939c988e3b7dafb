/** Whether a byte of UTF-8 continues a character: a cut before it goes through the middle. */
export function isPartOfCharacter(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
