output "store" {
  description = "What the configuration says under `store`."
  value       = module.sigwatch.store
}

output "cluster_name" {
  description = "Cluster of the service."
  value       = module.sigwatch.cluster_name
}
