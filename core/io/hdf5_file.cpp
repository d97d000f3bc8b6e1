#include "core/io/hdf5_file.hpp"

#include <hdf5.h>
#include <hdf5_hl.h>

#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace dermaflux {
namespace {

/// An HDF5 identifier with the call that closes it.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const char* what) : id_(id), close_(close) {
    if (id < 0) throw FileError(std::string("HDF5: ") + what + " failed (disk full or file damaged?); free space and run again");
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void require(herr_t status, const char* what) {
  if (status < 0) throw FileError(std::string("HDF5: ") + what + " failed (disk full or file damaged?); free space and run again");
}

Handle links_with_parents() { return {H5Pcreate(H5P_LINK_CREATE), H5Pclose, "creating a property list"}; }

hid_t open_object(hid_t file, const std::string& name) { return H5Oopen(file, name.c_str(), H5P_DEFAULT); }

}  // namespace

void start_hdf5() {
  H5dont_atexit();  // we close what we open; at the end of the process HDF5 would stumble over a file that a full disk cut short
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are thrown, not printed
}

Hdf5File::Hdf5File(std::filesystem::path path) : path_(std::move(path)), part_(path_) {
  part_ += ".part";
  start_hdf5();
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "creating a property list");
  require(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110), "choosing the file format");
  file_ = H5Fcreate(part_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (file_ < 0)
    throw FileError(path_.string() +
                    ": cannot be written (no such folder, no permission, or a full disk); give another output path");
}

Hdf5File::~Hdf5File() {
  if (file_ < 0) return;
  H5Fclose(file_);
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

void Hdf5File::commit() {
  require(H5Fflush(file_, H5F_SCOPE_GLOBAL), "writing the file");
  require(H5Fclose(std::exchange(file_, -1)), "closing the file");
  std::error_code error;
  std::filesystem::rename(part_, path_, error);
  if (error)
    throw FileError(path_.string() + ": cannot take its name (" + error.message() + "); the result is in " + part_.string());
}

void Hdf5File::group(const std::string& name, bool ordered) {
  const Handle links = links_with_parents();
  require(H5Pset_create_intermediate_group(links, 1), "creating a group");
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "creating a property list");
  if (ordered) require(H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "creating a group");
  const Handle created(H5Gcreate2(file_, name.c_str(), links, creation, H5P_DEFAULT), H5Gclose, "creating a group");
}

void Hdf5File::scale(const std::string& name, const std::vector<double>& values) {
  plain(name, values);
  const Handle set(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose, "opening a dataset");
  require(H5DSset_scale(set, name.c_str()), "making a coordinate");
}

namespace {

/// Compressed and checked, in chunks of one step along the first dimension.
void choose_chunks(hid_t creation, std::vector<hsize_t> chunk) {
  chunk[0] = 1;
  require(H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()), "choosing chunks");
  require(H5Pset_shuffle(creation), "choosing a filter");
  require(H5Pset_deflate(creation, 4), "choosing a filter");
  require(H5Pset_fletcher32(creation), "choosing a filter");
}

void write_block(hid_t file, const std::string& name, hid_t stored, hid_t held, const void* values, std::size_t count) {
  const hsize_t shape = count;
  const Handle space(H5Screate_simple(1, &shape, nullptr), H5Sclose, "describing a dataset");
  const Handle set(H5Dcreate2(file, name.c_str(), stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                   "creating a dataset");
  require(H5Dwrite(set, held, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "writing a dataset");
}

}  // namespace

void Hdf5File::dataset(const std::string& name, const std::vector<double>& values, const std::vector<std::string>& dimensions,
                       bool single) {
  std::vector<hsize_t> shape;
  for (const std::string& dimension : dimensions) {
    const Handle set(H5Dopen2(file_, dimension.c_str(), H5P_DEFAULT), H5Dclose, "opening a coordinate");
    const Handle space(H5Dget_space(set), H5Sclose, "asking for a size");
    shape.push_back(static_cast<hsize_t>(H5Sget_simple_extent_npoints(space)));
  }
  const Handle space(
      shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose,
      "describing a dataset");
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "creating a property list");
  if (shape.size() > 1) choose_chunks(creation, shape);
  const Handle links = links_with_parents();
  require(H5Pset_create_intermediate_group(links, 1), "creating a group");
  const Handle set(H5Dcreate2(file_, name.c_str(), single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, space, links, creation, H5P_DEFAULT),
                   H5Dclose, "creating a dataset");
  require(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "writing a dataset");
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const Handle coordinate(H5Dopen2(file_, dimensions[d].c_str(), H5P_DEFAULT), H5Dclose, "opening a coordinate");
    require(H5DSattach_scale(set, coordinate, static_cast<unsigned>(d)), "attaching a coordinate");
  }
}

void Hdf5File::shaped(const std::string& name, const std::vector<double>& values, const std::vector<std::size_t>& shape) {
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose, "describing a dataset");
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "creating a property list");
  choose_chunks(creation, extent);
  const Handle set(H5Dcreate2(file_, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose,
                   "creating a dataset");
  require(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "writing a dataset");
}

void Hdf5File::block(const std::string& name, std::span<const double> values) {
  write_block(file_, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data(), values.size());
}

void Hdf5File::block(const std::string& name, std::span<const float> values) {
  write_block(file_, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data(), values.size());
}

void Hdf5File::plain(const std::string& name, const std::vector<double>& values, std::size_t columns) {
  const hsize_t shape[2] = {values.size() / columns, columns};
  const Handle space(H5Screate_simple(columns > 1 ? 2 : 1, shape, nullptr), H5Sclose, "describing a dataset");
  const Handle set(H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                   "creating a dataset");
  require(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "writing a dataset");
}

void Hdf5File::integers(const std::string& name, const std::vector<std::int64_t>& values, std::size_t columns) {
  const hsize_t shape[2] = {values.size() / columns, columns};
  const Handle space(H5Screate_simple(columns > 1 ? 2 : 1, shape, nullptr), H5Sclose, "describing a dataset");
  const Handle set(H5Dcreate2(file_, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                   "creating a dataset");
  require(H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "writing a dataset");
}

void Hdf5File::text(const std::string& name, const std::string& value) {
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "describing text");
  require(H5Tset_size(type, value.empty() ? 1 : value.size()), "describing text");
  require(H5Tset_cset(type, H5T_CSET_UTF8), "describing text");
  require(H5Tset_strpad(type, H5T_STR_NULLPAD), "describing text");
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose, "describing a dataset");
  const Handle set(H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
                   "creating a dataset");
  require(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.empty() ? "\0" : value.data()), "writing text");
}

void Hdf5File::link(const std::string& existing, const std::string& name) {
  require(H5Lcreate_hard(file_, existing.c_str(), file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT), "linking");
}

void Hdf5File::soft_link(const std::string& path, const std::string& name) {
  require(H5Lcreate_soft(path.c_str(), file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT), "linking");
}

void Hdf5File::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Handle at(open_object(file_, object), H5Oclose, "opening an object");
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "describing text");
  require(H5Tset_size(type, value.empty() ? 1 : value.size()), "describing text");
  require(H5Tset_strpad(type, H5T_STR_NULLPAD), "describing text");
  bool ascii = true;  // VTK reads its own attributes as ASCII
  for (const char c : value) ascii = ascii && static_cast<unsigned char>(c) < 128;
  require(H5Tset_cset(type, ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8), "describing text");
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose, "describing an attribute");
  const Handle created(H5Acreate2(at, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, "creating an attribute");
  require(H5Awrite(created, type, value.empty() ? "\0" : value.data()), "writing an attribute");
}

void Hdf5File::attribute(const std::string& object, const std::string& name, double value) {
  const Handle at(open_object(file_, object), H5Oclose, "opening an object");
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose, "describing an attribute");
  const Handle created(H5Acreate2(at, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                       "creating an attribute");
  require(H5Awrite(created, H5T_NATIVE_DOUBLE, &value), "writing an attribute");
}

void Hdf5File::attribute(const std::string& object, const std::string& name, const std::vector<std::int64_t>& values) {
  const Handle at(open_object(file_, object), H5Oclose, "opening an object");
  const hsize_t size = values.size();
  const Handle space(values.size() == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nullptr), H5Sclose,
                     "describing an attribute");
  const Handle created(H5Acreate2(at, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                       "creating an attribute");
  require(H5Awrite(created, H5T_NATIVE_INT64, values.data()), "writing an attribute");
}

}  // namespace dermaflux
