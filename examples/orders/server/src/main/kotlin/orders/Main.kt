package orders

import com.zaxxer.hikari.HikariConfig
import com.zaxxer.hikari.HikariDataSource
import io.ktor.http.HttpHeaders
import io.ktor.http.HttpMethod
import io.ktor.serialization.jackson.jackson
import io.ktor.server.application.Application
import io.ktor.server.application.install
import io.ktor.server.engine.embeddedServer
import io.ktor.server.netty.Netty
import io.ktor.server.plugins.contentnegotiation.ContentNegotiation
import io.ktor.server.plugins.cors.routing.CORS
import io.ktor.server.routing.routing

fun main() {
    val port = System.getenv("PORT")?.toInt() ?: 8080
    embeddedServer(Netty, port = port) { orders(OrderStore(dataSource())) }.start(wait = true)
}

fun Application.orders(store: OrderStore) {
    install(ContentNegotiation) { jackson() }
    install(CORS) {
        anyHost()
        allowMethod(HttpMethod.Put)
        allowHeader(HttpHeaders.ContentType)
    }
    routing {
        health(store)
        orderRoutes(store, PickupCodes())
    }
}

private fun dataSource(): HikariDataSource {
    val config = HikariConfig()
    config.jdbcUrl = System.getenv("DATABASE_URL") ?: "jdbc:postgresql://localhost:5432/orders"
    config.username = System.getenv("DATABASE_USER") ?: "orders"
    config.password = System.getenv("DATABASE_PASSWORD")
    config.maximumPoolSize = 8
    return HikariDataSource(config)
}
