using {retail} from '../db/schema';

// What netlift reads: behind a password, read only, 100 rows a page.
@requires: 'authenticated-user'
@cds.query.limit: {default: 100, max: 100}
service SalesService @(path: '/sales') {
  @readonly entity Customers   as projection on retail.Customers;
  @readonly entity Products    as projection on retail.Products;
  @readonly entity SalesOrders as projection on retail.SalesOrders;
  @readonly entity Items       as projection on retail.Items;
  @readonly @requires: 'auditor' entity Payrolls as projection on retail.Payrolls;
}

// Where the tests change an order, as the shop's own people would.
@requires: 'authenticated-user'
service ShopService @(path: '/shop') {
  entity SalesOrders as projection on retail.SalesOrders;
}
