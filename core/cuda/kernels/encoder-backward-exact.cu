// Gradient of an encoder layer for its input, exactly in float32; contracts in encoder-backward.cuh.
#include "encoder-backward.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_backward_16_exact(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<2, true>(call, x, dy, dx, work, kept);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_backward_32_exact(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<4, true>(call, x, dy, dx, work, kept);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_backward_64_exact(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<8, true>(call, x, dy, dx, work, kept);
}
