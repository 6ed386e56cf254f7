/** The value below which a share `q` (0 to 1) of the values lies, interpolated between neighbours. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - low);
};

/** Three significant digits. */
export const show = (value: number): string => (value === 0 ? '0' : value.toPrecision(3));
