terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.20"
    }
  }
}

variable "vpc_id" {
  description = "The network the service lives in"
  type        = string
}

resource "aws_s3_bucket" "exports" {
  bucket = "orders-shop-exports"
}

resource "aws_s3_bucket_public_access_block" "exports" {
  bucket                  = aws_s3_bucket.exports.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = false
}

resource "aws_security_group" "bastion" {
  name        = "orders-bastion"
  description = "The way in for whoever is on call"
  vpc_id      = var.vpc_id

  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_sqs_queue" "placed" {
  name                      = "orders-placed"
  message_retention_seconds = 345600
}

resource "aws_ebs_volume" "invoices" {
  availability_zone = "eu-central-1a"
  size              = 40
}
