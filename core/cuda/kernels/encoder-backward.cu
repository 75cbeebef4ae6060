// Gradient of an encoder layer for its input, with products on the tensor cores; contracts in encoder-backward.cuh.
#include "encoder-backward.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_backward_16(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<2, false>(call, x, dy, dx, work, kept);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_backward_32(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<4, false>(call, x, dy, dx, work, kept);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_backward_64(EncoderCall call, const float* x, const float* dy, float* dx, float* work, Kept kept) {
  encoderBackward<8, false>(call, x, dy, dx, work, kept);
}
