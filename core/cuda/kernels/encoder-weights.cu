// Sums for the gradients of an encoder layer's weights, with products on the tensor cores; contracts in encoder-weights.cuh.
#include "encoder-weights.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_feed_forward_weights_16(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<2, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_feed_forward_weights_32(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<4, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_feed_forward_weights_64(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<8, false>(call, middle, dy, partial);
}

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_projection_weights_16(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<2, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_projection_weights_32(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<4, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_projection_weights_64(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<8, false>(call, x, middleGradient, context, projectedGradient, partial);
}
