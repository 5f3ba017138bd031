package orders

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

class PickupCodesTest {
    private val codes = PickupCodes()

    @Test
    fun `a code has six digits`() = assertTrue(codes.next().matches(Regex("\\d{6}")))

    @Test
    fun `a sealed order opens again`() = assertEquals(4711L, codes.open(codes.seal(4711)))

    @Test
    fun `what we did not seal does not open`() = assertNull(codes.open("bm90LXNlYWxlZA"))
}
