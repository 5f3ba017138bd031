package orders

import java.time.Instant

enum class Status { PLACED, PACKED, SHIPPED, CANCELLED }

data class Line(val sku: String, val quantity: Int, val unitCents: Long) {
    init {
        require(quantity > 0) { "a line needs a positive quantity: $sku" }
        require(unitCents >= 0) { "a price cannot be negative: $sku" }
    }
}

data class Order(
    val id: Long,
    val customer: String,
    val status: Status,
    val placedAt: Instant,
    val lines: List<Line>,
) {
    val totalCents: Long get() = lines.sumOf { it.quantity * it.unitCents }
}

data class NewOrder(val customer: String, val lines: List<Line>)
