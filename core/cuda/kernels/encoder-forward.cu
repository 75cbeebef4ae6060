// Forward pass of an encoder layer, with products on the tensor cores; contracts in encoder-forward.cuh.
#include "encoder-forward.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_forward_16(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<2, false>(call, x, y, work);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_forward_32(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<4, false>(call, x, y, work);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_forward_64(EncoderCall call, const float* x, float* y, float* work) {
  encoderForward<8, false>(call, x, y, work);
}
