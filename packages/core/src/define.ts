/** Gives an object a property that looks like any other from outside, whatever stands behind it. */
export const define = <T extends object>(object: T, key: PropertyKey, how: PropertyDescriptor): T =>
  Object.defineProperty(object, key, { enumerable: true, configurable: true, ...how })
