rootProject.name = "orders"

dependencyResolutionManagement {
    repositories {
        mavenCentral()
    }
}

include(":server")
