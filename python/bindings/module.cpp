#include "python/bindings/bindings.hpp"

namespace {

/// Says in words what would else end in an illegal instruction.
void require_instructions() {
#ifdef __AVX512VL__
  if (!__builtin_cpu_supports("avx512vl"))
    throw pybind11::import_error(
        "this dermaflux was built on a machine with AVX-512 and runs on none without; install it here, or everywhere with -C "
        "cmake.define.DF_NATIVE=OFF");
#endif
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  require_instructions();
  module.doc() = "The compiled part of dermaflux. Use the package `dermaflux`, which documents what is public.";
  dermaflux::bind_errors(module);
  dermaflux::bind_documents(module);
  dermaflux::bind_running(module);
  dermaflux::bind_space(module);
  dermaflux::bind_healing(module);
  dermaflux::bind_photons(module);
  dermaflux::bind_look(module);
  dermaflux::bind_presets(module);
  module.attr("version") = DF_VERSION;
  module.attr("git") = DF_GIT;
  module.attr("compiler") = DF_COMPILER;
  module.attr("cuda_version") = DF_CUDA_VERSION;
  module.attr("hdf5_version") = DF_HDF5_VERSION;
}
