// Means of several runs and how sure they are.

// Student's t at 97.5 % for 1 … 10 degrees of freedom, where the series below is not exact to three digits.
const FEW = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];
const Z = 1.959964; // the normal distribution at 97.5 %

/** Student's t at 97.5 %: Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5). */
export function student(freedom) {
  if (freedom <= FEW.length) return FEW[freedom - 1];
  return Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2)
    + (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / (384 * freedom ** 3);
}

/** n, mean, and half the width of the 95 % t-interval of the mean (null with one value); null without values. */
export function summary(values) {
  const n = values.length;
  if (!n) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, half: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { n, mean, half: student(n - 1) * Math.sqrt(variance / n) };
}
