/// The names of the errors that the emulated runtime gives, or is told to give.

#include <cuda_runtime_api.h>

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define UNMASK_NAMED(name) \
  case name:               \
    return #name
    UNMASK_NAMED(cudaSuccess);
    UNMASK_NAMED(cudaErrorInvalidValue);
    UNMASK_NAMED(cudaErrorMemoryAllocation);
    UNMASK_NAMED(cudaErrorInvalidConfiguration);
    UNMASK_NAMED(cudaErrorInsufficientDriver);
    UNMASK_NAMED(cudaErrorNoDevice);
    UNMASK_NAMED(cudaErrorInvalidDevice);
    UNMASK_NAMED(cudaErrorECCUncorrectable);
    UNMASK_NAMED(cudaErrorNvlinkUncorrectable);
    UNMASK_NAMED(cudaErrorContained);
    UNMASK_NAMED(cudaErrorIllegalState);
    UNMASK_NAMED(cudaErrorNotReady);
    UNMASK_NAMED(cudaErrorIllegalAddress);
    UNMASK_NAMED(cudaErrorLaunchOutOfResources);
    UNMASK_NAMED(cudaErrorHardwareStackError);
    UNMASK_NAMED(cudaErrorLaunchFailure);
    UNMASK_NAMED(cudaErrorSystemNotReady);
    UNMASK_NAMED(cudaErrorStreamCaptureInvalidated);
    UNMASK_NAMED(cudaErrorCapturedEvent);
    UNMASK_NAMED(cudaErrorUnknown);
#undef UNMASK_NAMED
    default:
      return "unrecognized error code";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess ? "no error" : "error of the emulated device";
}
