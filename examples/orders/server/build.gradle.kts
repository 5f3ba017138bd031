plugins {
    alias(libs.plugins.kotlin.jvm)
    alias(libs.plugins.ktor)
    application
}

group = "shop.orders"
version = providers.gradleProperty("version").getOrElse("0.0.0-dev")

kotlin {
    jvmToolchain(17)
}

application {
    mainClass.set("orders.MainKt")
}

dependencies {
    implementation(libs.bundles.ktor.server)
    implementation(libs.jackson.databind)
    implementation(libs.logback.classic)
    implementation(libs.postgresql)
    implementation(libs.hikari)
    implementation(libs.commons.text)
    // Read by the price import; kept here until the catalogue has an entry for it.
    implementation("org.apache.commons:commons-compress:1.21")

    testImplementation(libs.ktor.server.test.host)
    testImplementation(libs.kotlin.test)
}

tasks.test {
    useJUnitPlatform()
}
