declare module 'js-quantities' {
  interface Quantity {
    readonly scalar: number;
    toBase(): Quantity;
    to(unit: string): Quantity;
    isCompatible(other: Quantity | string): boolean;
    kind(): string | undefined;
  }
  const Qty: (value: number | string, unit?: string) => Quantity;
  export default Qty;
}
