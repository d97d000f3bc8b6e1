#pragma once
#include <pybind11/pybind11.h>

namespace dermaflux {

struct SpaceFields;
/// What a box keeps of a run as arrays over memory of the owner; None where it is empty.
pybind11::object box_arrays(const SpaceFields& fields, const pybind11::object& owner);

/// One file of bindings each.
void bind_errors(pybind11::module_& module);
void bind_documents(pybind11::module_& module);
void bind_running(pybind11::module_& module);
void bind_space(pybind11::module_& module);
void bind_healing(pybind11::module_& module);
void bind_photons(pybind11::module_& module);
void bind_look(pybind11::module_& module);
void bind_presets(pybind11::module_& module);

}  // namespace dermaflux
