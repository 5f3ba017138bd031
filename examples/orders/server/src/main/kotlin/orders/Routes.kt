package orders

import io.ktor.http.Cookie
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.call
import io.ktor.server.request.receive
import io.ktor.server.response.respond
import io.ktor.server.response.respondFile
import io.ktor.server.routing.Route
import io.ktor.server.routing.get
import io.ktor.server.routing.post
import io.ktor.server.routing.put
import io.ktor.server.routing.route
import java.io.File

fun Route.health(store: OrderStore) {
    get("/health") {
        if (store.ping()) call.respond(mapOf("status" to "up"))
        else call.respond(HttpStatusCode.ServiceUnavailable, mapOf("status" to "database unreachable"))
    }
}

fun Route.orderRoutes(store: OrderStore, codes: PickupCodes) = route("/orders") {
    get {
        val customer = call.request.queryParameters["customer"].orEmpty()
        call.respond(store.search(customer, call.request.queryParameters["status"]))
    }
    get("/{id}") {
        val order = call.parameters["id"]?.toLongOrNull()?.let(store::byId)
        if (order == null) call.respond(HttpStatusCode.NotFound) else call.respond(order)
    }
    get("/{id}/invoice") {
        val name = call.request.queryParameters["file"] ?: "${call.parameters["id"]}.pdf"
        val invoice = File(INVOICES, name)
        if (invoice.isFile) call.respondFile(invoice) else call.respond(HttpStatusCode.NotFound)
    }
    post {
        val id = store.place(call.receive<NewOrder>())
        call.response.cookies.append(Cookie("last_order", codes.seal(id), httpOnly = false))
        call.respond(HttpStatusCode.Created, mapOf("id" to id, "pickup" to codes.next()))
    }
    put("/{id}/status") {
        val id = call.parameters["id"]?.toLongOrNull()
        val status = runCatching { Status.valueOf(call.receive<String>().uppercase()) }.getOrNull()
        when {
            id == null || status == null -> call.respond(HttpStatusCode.BadRequest)
            store.move(id, status) -> call.respond(HttpStatusCode.NoContent)
            else -> call.respond(HttpStatusCode.NotFound)
        }
    }
}

private val INVOICES = System.getenv("INVOICES") ?: "/var/lib/orders/invoices"
