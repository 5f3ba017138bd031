# Resources as many write them: é
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
  acl    = "public-read"
}

resource "aws_security_group" "open" {
  name = "open"

  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"] # the world
  }
}

resource "aws_ebs_volume" "disk" {
  availability_zone = "eu-west-1a"
  size              = 10
}

resource "aws_db_instance" "db" {
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  username            = "admin"
  publicly_accessible = true
}

resource "aws_instance" "server" {
  ami           = "ami-1"
  instance_type = "t3.micro"
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_sns_topic" "news" {
  name = "news"
}

resource "aws_kms_key" "key" {
  description = "key"
}

resource "aws_ecr_repository" "images" {
  name = "images"
}

resource "aws_dynamodb_table" "table" {
  name     = "table"
  hash_key = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_cloudwatch_log_group" "log" {
  name = "log"
}

resource "aws_efs_file_system" "files" {}

resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "arn:aws:iam::1:role/f"
  handler       = "f.g"
  runtime       = "python3.12"
  filename      = "f.zip"
  environment {
    variables = { A = "b" }
  }
}

resource "aws_eks_cluster" "k" {
  name     = "k"
  role_arn = "arn:aws:iam::1:role/k"
  vpc_config {
    subnet_ids = ["a", "b"]
  }
}

resource "aws_lb" "front" {
  name = "front"
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id = "cache"
  description          = "cache"
}

resource "aws_cloudtrail" "trail" {
  name           = "trail"
  s3_bucket_name = "logs"
}

resource "aws_redshift_cluster" "r" {
  cluster_identifier = "r"
  node_type          = "dc2.large"
}

resource "aws_subnet" "public" {
  vpc_id                  = "vpc-1"
  cidr_block              = "10.0.0.0/24"
  map_public_ip_on_launch = true
}

resource "aws_iam_policy" "all" {
  name = "all"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "*"
      Resource = "*"
    }]
  })
}
