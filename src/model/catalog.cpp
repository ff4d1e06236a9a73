#include "confer/model/catalog.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace confer {

namespace {

using Json = nlohmann::ordered_json;

constexpr Axis all_axes[] = {Axis::step, Axis::sample, Axis::neuron, Axis::height, Axis::width, Axis::time};
constexpr StoredType all_types[] = {StoredType::float16, StoredType::float32, StoredType::float64, StoredType::integer};

template <class Enum, std::size_t n>
Enum from_string(std::string const& text, Enum const (&values)[n]) {
  for (Enum const value : values)
    if (to_string(value) == text) return value;
  throw std::invalid_argument("catalog text holds the unknown word '" + text + "'");
}

// JSON has no infinities: a number that is not finite travels as {"number": "inf"}.
Json metadata_to_json(MetadataValue const& value) {
  if (auto const* text = std::get_if<std::string>(&value)) return *text;
  double const number = std::get<double>(value);
  if (std::isfinite(number)) return number;
  return Json{{"number", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"}};
}

MetadataValue metadata_from_json(Json const& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object()) return std::stod(json.at("number").get<std::string>());
  return json.get<double>();
}

Json layer_to_json(LayerInfo const& layer) {
  Json axes = Json::array();
  for (Axis const axis : layer.axes) axes.push_back(to_string(axis));
  return Json{{"name", layer.name},       {"depth", layer.depth},     {"type", to_string(layer.type)}, {"axes", axes},
              {"extents", layer.extents}, {"storage", layer.storage}, {"stored_bytes", layer.stored_bytes},
              {"warnings", layer.warnings}};
}

LayerInfo layer_from_json(Json const& json) {
  LayerInfo layer;
  json.at("name").get_to(layer.name);
  json.at("depth").get_to(layer.depth);
  layer.type = from_string(json.at("type").get<std::string>(), all_types);
  for (auto const& axis : json.at("axes")) layer.axes.push_back(from_string(axis.get<std::string>(), all_axes));
  json.at("extents").get_to(layer.extents);
  json.at("storage").get_to(layer.storage);
  json.at("stored_bytes").get_to(layer.stored_bytes);
  json.at("warnings").get_to(layer.warnings);
  return layer;
}

Json checkpoint_to_json(Checkpoint const& checkpoint) {
  Json json{{"network", checkpoint.network}, {"step", checkpoint.step}};
  if (checkpoint.step_row) json["step_row"] = *checkpoint.step_row;
  json["inputs_id"] = checkpoint.inputs_id;
  json["total_samples"] = checkpoint.total_samples;
  json["shards"] = Json::array();
  for (auto const& shard : checkpoint.shards)
    json["shards"].push_back({{"path", shard.path},
                              {"first_sample", shard.first_sample},
                              {"samples", shard.samples},
                              {"bytes", shard.bytes},
                              {"modified", shard.modified}});
  json["layers"] = Json::array();
  for (auto const& layer : checkpoint.layers) json["layers"].push_back(layer_to_json(layer));
  json["targets"] = Json::array();
  for (auto const& target : checkpoint.targets)
    json["targets"].push_back({{"name", target.name}, {"labels", target.labels}, {"columns", target.columns}});
  json["metadata"] = Json::object();
  for (auto const& [name, value] : checkpoint.metadata) json["metadata"][name] = metadata_to_json(value);
  json["warnings"] = checkpoint.warnings;
  return json;
}

Checkpoint checkpoint_from_json(Json const& json) {
  Checkpoint checkpoint;
  json.at("network").get_to(checkpoint.network);
  json.at("step").get_to(checkpoint.step);
  if (json.contains("step_row")) checkpoint.step_row = json.at("step_row").get<Index>();
  json.at("inputs_id").get_to(checkpoint.inputs_id);
  json.at("total_samples").get_to(checkpoint.total_samples);
  for (auto const& item : json.at("shards"))
    checkpoint.shards.push_back({item.at("path").get<std::string>(), item.at("first_sample").get<Index>(),
                                 item.at("samples").get<Index>(), item.at("bytes").get<Index>(),
                                 item.at("modified").get<Index>()});
  for (auto const& item : json.at("layers")) checkpoint.layers.push_back(layer_from_json(item));
  for (auto const& item : json.at("targets"))
    checkpoint.targets.push_back(
        {item.at("name").get<std::string>(), item.at("labels").get<bool>(), item.at("columns").get<Index>()});
  for (auto const& [name, value] : json.at("metadata").items())
    checkpoint.metadata.emplace(name, metadata_from_json(value));
  json.at("warnings").get_to(checkpoint.warnings);
  return checkpoint;
}

}  // namespace

double unit_roundoff(StoredType type) {
  switch (type) {
    case StoredType::float16:
      return 0x1p-11;
    case StoredType::float32:
      return 0x1p-24;
    case StoredType::float64:
    case StoredType::integer:
      break;
  }
  return 0x1p-53;
}

std::string to_string(StoredType type) {
  switch (type) {
    case StoredType::float16:
      return "float16";
    case StoredType::float32:
      return "float32";
    case StoredType::float64:
      return "float64";
    case StoredType::integer:
      break;
  }
  return "integer";
}

std::string to_string(Axis axis) {
  switch (axis) {
    case Axis::step:
      return "step";
    case Axis::sample:
      return "sample";
    case Axis::neuron:
      return "neuron";
    case Axis::height:
      return "height";
    case Axis::width:
      return "width";
    case Axis::time:
      break;
  }
  return "time";
}

Index LayerInfo::extent(Axis axis) const {
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] == axis) return extents[i];
  return 1;
}

bool LayerInfo::has(Axis axis) const {
  for (Axis const own : axes)
    if (own == axis) return true;
  return false;
}

std::string Checkpoint::label() const { return network + "@" + std::to_string(step); }

std::string Checkpoint::label(LayerInfo const& layer) const { return label() + "/" + layer.name; }

std::string to_json(Catalog const& catalog, int indent) {
  Json json{{"checkpoints", Json::array()}, {"refusals", Json::array()}};
  for (auto const& checkpoint : catalog.checkpoints) json["checkpoints"].push_back(checkpoint_to_json(checkpoint));
  for (auto const& refusal : catalog.refusals)
    json["refusals"].push_back({{"label", refusal.label},
                                {"file", refusal.file},
                                {"dataset", refusal.dataset},
                                {"reason", refusal.reason},
                                {"advice", refusal.advice}});
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Catalog catalog_from_json(std::string const& text) {
  Json const json = Json::parse(text);
  Catalog catalog;
  for (auto const& item : json.at("checkpoints")) catalog.checkpoints.push_back(checkpoint_from_json(item));
  for (auto const& item : json.at("refusals"))
    catalog.refusals.push_back({item.at("label").get<std::string>(), item.at("file").get<std::string>(),
                                item.at("dataset").get<std::string>(), item.at("reason").get<std::string>(),
                                item.at("advice").get<std::string>()});
  return catalog;
}

}  // namespace confer
