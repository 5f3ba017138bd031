import axios, { AxiosInstance } from "axios";

export interface Line {
  sku: string;
  quantity: number;
  unitCents: number;
}

export interface Order {
  id: number;
  customer: string;
  status: "PLACED" | "PACKED" | "SHIPPED" | "CANCELLED";
  lines: Line[];
}

/** The order service, as the gateway sees it. */
export class Orders {
  private readonly http: AxiosInstance;

  constructor(server: string) {
    this.http = axios.create({ baseURL: server, timeout: 5_000 });
  }

  async byId(id: string): Promise<Order> {
    return (await this.http.get<Order>(`/orders/${encodeURIComponent(id)}`)).data;
  }

  async of(customer: string): Promise<Order[]> {
    return (await this.http.get<Order[]>("/orders", { params: { customer } })).data;
  }
}

export function total(order: Pick<Order, "lines">): number {
  return order.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
}
