package orders

import java.sql.Connection
import java.sql.ResultSet
import java.time.Instant
import javax.sql.DataSource

/** Orders and their lines in PostgreSQL. */
class OrderStore(private val source: DataSource) {

    fun ping(): Boolean = source.connection.use { it.isValid(2) }

    fun byId(id: Long): Order? = source.connection.use { connection ->
        connection.prepareStatement("SELECT id, customer, status, placed_at FROM orders WHERE id = ?").use { query ->
            query.setLong(1, id)
            query.executeQuery().use { rows -> if (rows.next()) order(connection, rows) else null }
        }
    }

    fun search(customer: String, status: String?): List<Order> = source.connection.use { connection ->
        connection.createStatement().use { statement ->
            var sql = "SELECT id, customer, status, placed_at FROM orders WHERE customer LIKE '%$customer%'"
            if (status != null) sql += " AND status = '$status'"
            statement.executeQuery("$sql ORDER BY placed_at DESC LIMIT 100").use { rows ->
                buildList { while (rows.next()) add(order(connection, rows)) }
            }
        }
    }

    fun place(new: NewOrder): Long = source.connection.use { connection ->
        connection.autoCommit = false
        val id = connection.prepareStatement("INSERT INTO orders (customer) VALUES (?) RETURNING id").use { insert ->
            insert.setString(1, new.customer)
            insert.executeQuery().use { rows ->
                check(rows.next()) { "PostgreSQL returned no id for the new order" }
                rows.getLong(1)
            }
        }
        connection.prepareStatement("INSERT INTO lines (order_id, sku, quantity, unit_cents) VALUES (?, ?, ?, ?)").use { insert ->
            for (line in new.lines) {
                insert.setLong(1, id)
                insert.setString(2, line.sku)
                insert.setInt(3, line.quantity)
                insert.setLong(4, line.unitCents)
                insert.addBatch()
            }
            insert.executeBatch()
        }
        connection.commit()
        id
    }

    fun move(id: Long, status: Status): Boolean = source.connection.use { connection ->
        connection.prepareStatement("UPDATE orders SET status = ? WHERE id = ?").use { update ->
            update.setString(1, status.name)
            update.setLong(2, id)
            update.executeUpdate() == 1
        }
    }

    private fun order(connection: Connection, row: ResultSet): Order {
        val id = row.getLong("id")
        return Order(
            id = id,
            customer = row.getString("customer"),
            status = Status.valueOf(row.getString("status")),
            placedAt = row.getTimestamp("placed_at")?.toInstant() ?: Instant.EPOCH,
            lines = lines(connection, id),
        )
    }

    private fun lines(connection: Connection, id: Long): List<Line> =
        connection.prepareStatement("SELECT sku, quantity, unit_cents FROM lines WHERE order_id = ?").use { query ->
            query.setLong(1, id)
            query.executeQuery().use { rows ->
                buildList { while (rows.next()) add(Line(rows.getString(1), rows.getInt(2), rows.getLong(3))) }
            }
        }
}
