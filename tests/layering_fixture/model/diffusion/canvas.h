#ifdef __CUDACC__  // forbidden: host_device.h asks
#endif
