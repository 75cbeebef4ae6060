// Sums for the gradients of an encoder layer's weights, exactly in float32; contracts in encoder-weights.cuh.
#include "encoder-weights.cuh"

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_feed_forward_weights_16_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<2, true>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_feed_forward_weights_32_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<4, true>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 2)
    encoder_feed_forward_weights_64_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<8, true>(call, middle, dy, partial);
}

extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_projection_weights_16_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<2, true>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 4)
    encoder_projection_weights_32_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<4, true>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(ENCODER_THREADS, 3)
    encoder_projection_weights_64_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  projectionWeights<8, true>(call, x, middleGradient, context, projectedGradient, partial);
}
