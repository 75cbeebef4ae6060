// Forward pass of an encoder layer, exactly in float32; contracts in encoder-forward.cuh.
#include "encoder-forward.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_forward_16_exact(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<2, true>(call, x, y, work);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_forward_32_exact(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<4, true>(call, x, y, work);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_forward_64_exact(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<8, true>(call, x, y, work);
}
