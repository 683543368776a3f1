#pragma once

namespace unmask::kernels {

/// out[i] = the largest of parts[0 .. num_parts)[i]: of wanted logits, which all workers but one
/// give as -inf.
///
/// Shapes  parts [num_parts, count]; out [count]
/// Dtypes  f32
struct MaxParts {
  const float* parts = nullptr;
  int num_parts = 1;
  int count = 0;
  float* out = nullptr;

  void check() const;
};

}  // namespace unmask::kernels
