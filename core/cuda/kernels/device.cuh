// What every kernel includes: the few words in which a GPU and the software device (software/) differ.
//
// Kernels are compiled by NVRTC, which has no standard headers, or by a C++ compiler with CAUSAL_PILOT_SOFTWARE_DEVICE.
// A kernel is written as
//   extern "C" __global__ void [__launch_bounds__(THREADS)] name(arguments) { ... }
// with the name beginning a line or following the bounds: the software device finds kernels by this form.
#pragma once

#ifdef CAUSAL_PILOT_SOFTWARE_DEVICE
#include "software/language.h"
#else

// Names an array in the shared memory whose size the launch gives, aligned to 16 bytes.
#define DYNAMIC_SHARED(Type, name)                                         \
  extern __shared__ __align__(16) unsigned char causalPilotSharedMemory[]; \
  Type* name = (Type*)causalPilotSharedMemory

#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
#ifndef NAN
#define NAN __int_as_float(0x7fffffff)
#endif

#endif
