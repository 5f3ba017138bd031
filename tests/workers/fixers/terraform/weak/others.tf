resource "azurerm_storage_account" "store" {
  name                     = "store"
  resource_group_name      = "g"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "LRS"
  min_tls_version          = "TLS1_0"
}

resource "azurerm_key_vault" "vault" {
  name                = "vault"
  location            = "westeurope"
  resource_group_name = "g"
  tenant_id           = "t"
  sku_name            = "standard"
}

resource "azurerm_linux_web_app" "app" {
  name                = "app"
  location            = "westeurope"
  resource_group_name = "g"
  service_plan_id     = "p"
  site_config {}
}

resource "azurerm_postgresql_server" "pg" {
  name                    = "pg"
  location                = "westeurope"
  resource_group_name     = "g"
  sku_name                = "B_Gen5_1"
  version                 = "11"
  ssl_enforcement_enabled = false
}

resource "google_storage_bucket" "data" {
  name     = "data"
  location = "EU"
}

resource "google_compute_instance" "vm" {
  name         = "vm"
  machine_type = "e2-small"
  zone         = "europe-west1-b"
  boot_disk {
    initialize_params {
      image = "debian-12"
    }
  }
  network_interface {
    network = "default"
    access_config {}
  }
}

resource "google_sql_database_instance" "sql" {
  name             = "sql"
  database_version = "POSTGRES_15"
  settings {
    tier = "db-f1-micro"
    ip_configuration {
      ipv4_enabled = true
    }
  }
}

resource "google_container_cluster" "gke" {
  name               = "gke"
  location           = "europe-west1"
  initial_node_count = 1
}

resource "google_compute_firewall" "ssh" {
  name    = "ssh"
  network = "default"
  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
  source_ranges = ["0.0.0.0/0"]
}

resource "kubernetes_deployment" "web" {
  metadata {
    name      = "web"
    namespace = "shop"
  }

  spec {
    selector {
      match_labels = {
        app = "web"
      }
    }

    template {
      metadata {
        labels = {
          app = "web"
        }
      }

      spec {
        container {
          name  = "web"
          image = "registry.example/web:1.2"

          port {
            container_port = 8080
          }
        }
      }
    }
  }
}

resource "kubernetes_pod_v1" "job" {
  metadata {
    name      = "job"
    namespace = "shop"
  }

  spec {
    host_network = true
    host_pid     = true

    container {
      name  = "job"
      image = "nginx"

      security_context {
        privileged = true
        capabilities {
          add = ["SYS_ADMIN"]
        }
      }
    }
  }
}
