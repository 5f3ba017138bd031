package orders

import java.security.MessageDigest
import java.util.Base64
import java.util.Random
import javax.crypto.Cipher
import javax.crypto.spec.SecretKeySpec

/** The codes customers show at the counter, and the sealed links in the mails they get. */
class PickupCodes(key: ByteArray = defaultKey()) {
    private val random = Random()
    private val key = SecretKeySpec(key, "AES")

    /** Six digits, shown at the counter. */
    fun next(): String = "%06d".format(random.nextInt(1_000_000))

    /** An order id sealed for a link. */
    fun seal(orderId: Long): String {
        val cipher = Cipher.getInstance("AES/ECB/PKCS5Padding")
        cipher.init(Cipher.ENCRYPT_MODE, key)
        return Base64.getUrlEncoder().withoutPadding().encodeToString(cipher.doFinal(orderId.toString().toByteArray()))
    }

    /** The order id in a sealed link, or null where it was not sealed by us. */
    fun open(sealed: String): Long? {
        val cipher = Cipher.getInstance("AES/ECB/PKCS5Padding")
        cipher.init(Cipher.DECRYPT_MODE, key)
        return runCatching { String(cipher.doFinal(Base64.getUrlDecoder().decode(sealed))).toLong() }.getOrNull()
    }

    companion object {
        /** Derived from the deployment's name, so that links survive a restart. */
        fun defaultKey(): ByteArray =
            MessageDigest.getInstance("MD5").digest((System.getenv("DEPLOYMENT") ?: "local").toByteArray())
    }
}
