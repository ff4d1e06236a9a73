#include "io/header_record.hpp"

#include "confer/core/record.hpp"

namespace confer {

template <class Archive, RecordOf<Shard> Record>
void fields(Archive& archive, Record& shard) {
  archive(shard.path, shard.first_sample, shard.samples, shard.bytes, shard.modified);
}

template <class Archive, RecordOf<TargetInfo> Record>
void fields(Archive& archive, Record& target) {
  archive(target.name, target.labels, target.columns);
}

template <class Archive, RecordOf<LayerInfo> Record>
void fields(Archive& archive, Record& layer) {
  archive(layer.name, layer.depth, layer.type, layer.axes, layer.extents, layer.storage, layer.stored_bytes,
          layer.warnings);
}

template <class Archive, RecordOf<Problem> Record>
void fields(Archive& archive, Record& problem) {
  archive(problem.dataset, problem.reason, problem.advice);
}

template <class Archive, RecordOf<LayerHeader> Record>
void fields(Archive& archive, Record& layer) {
  archive(layer.info, layer.problem);
}

template <class Archive, RecordOf<FileStep> Record>
void fields(Archive& archive, Record& step) {
  archive(step.step, step.row, step.metadata);
}

template <class Archive, RecordOf<FileHeader> Record>
void fields(Archive& archive, Record& header) {
  archive(header.shard, header.network, header.inputs_id, header.total_samples, header.steps, header.layer_names);
  archive(header.layers, header.targets, header.warnings);
}

template <class Archive, RecordOf<RefusedFile> Record>
void fields(Archive& archive, Record& refused) {
  archive(refused.label, refused.problem);
}

std::string header_record(std::variant<FileHeader, RefusedFile> const& header) {
  RecordWriter writer;
  writer(header);
  return writer.take();
}

std::variant<FileHeader, RefusedFile> header_from_record(std::string const& record) {
  RecordReader reader(record);
  std::variant<FileHeader, RefusedFile> header;
  reader(header);
  return header;
}

}  // namespace confer
